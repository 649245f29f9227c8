// Projects, in a process of its own: nothing of the past is in its memory.
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { account } from '@kams/accounts/domain/account';
import { commandHandler, leases, projector, rebuild, storeFeed, type Projection, type Projector } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresLeases } from '@kams/platform/read-model/leases';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import { serve } from '../child';
import { atRate } from '../closed-loop';
import { took } from '../cpu';
import { aRating } from '../command/requests';
import { accountId, ACCOUNTS, storePast, TENANT } from './history';

const start = async (url: string, postgresPid: number) => {
  const store = await postgresStore({ connection: url });
  const source = await openReadDatabase({ url, poolSize: 10 });

  const pids = { postgres: postgresPid };

  /** No account has such a rating: every command changes something. */
  let ratings = 1_000;

  /** Runs projectors while `work` is done. */
  async function running<T>(
    schema: string,
    projections: readonly Projection[],
    work: (projectors: readonly Projector[]) => Promise<T>,
  ): Promise<T> {
    const readModel = postgresReadModel(source, schema);
    for (const it of projections) await readModel.prepare(it);
    const projectors = projections.map((it) => projector(it, storeFeed(store, it.contracts), readModel));
    const stopping = new AbortController();
    const { signal } = stopping;
    // As a host has them: each commit shows its lease.
    const owned = leases(postgresLeases(source, schema), { owner: `bench ${process.pid}`, leaseMs: 5_000, alone: true });
    const working = projectors.map((it) =>
      owned.own(it.projection.name, signal, (term) => it.run(AbortSignal.any([signal, term.signal]), term)),
    );
    const runs = [owned.run(signal), ...working];
    try {
      return await work(projectors);
    } finally {
      stopping.abort();
      await Promise.all(runs);
    }
  }

  const caughtUp = async (projectors: readonly Projector[]) => {
    const { position } = await store.head();
    for (const it of projectors) while (!(await it.reached(position, 1_000))) if (it.failure()) throw it.failure();
  };

  return {
    store: () => storePast(store),

    /** From zero to the head, in the empty tables of a schema; one alone then once more beside them. */
    async project(schema: string, names: readonly string[]) {
      const projections = accountsService.projections.filter((it) => names.includes(it.name));
      return running(schema, projections, async (projectors) => {
        const live = await took(pids, () => caughtUp(projectors));
        if (projections.length > 1) return { live };
        const readModel = postgresReadModel(source, schema);
        const { signal } = new AbortController();
        const beside = () => rebuild(projections[0]!, storeFeed(store, projections[0]!.contracts), readModel, { signal });
        return { live, rebuild: await took(pids, beside) };
      });
    },

    /** From the answer of a command until its row can be read by others, in ms, with all projections at work in a schema. */
    async delay(schema: string, perSecond: number, seconds: number) {
      const commands = commandHandler({ store, hashKey: Buffer.alloc(32, 1) });
      return running(schema, accountsService.projections, async (projectors) => {
        await caughtUp(projectors);
        const shown = projectors.find((it) => it.projection.name === 'accounts')!;
        return atRate(perSecond, seconds, async (n) => {
          const id = accountId(n % ACCOUNTS);
          const command = { type: 'RateCriterion', data: aRating(ratings++), id, tenantId: TENANT, actor: 'user-1' };
          const { position, revision } = await commands.handle(account, command);
          const answered = performance.now();
          await shown.reached(position, 10_000);
          const visible = performance.now();
          const [row] = await source.query<{ revision: number }[]>(`select revision from ${schema}.account where id = $1`, [id]);
          if (!row || row.revision < revision) throw new Error('a projection said that it shows what is not there');
          return visible - answered;
        });
      });
    },

    async close() {
      await source.destroy();
      await store.close();
    },
  };
};
export type WorkerJobs = Awaited<ReturnType<typeof start>>;

serve(start);

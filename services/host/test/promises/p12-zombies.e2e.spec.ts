// P12: a worker that was held for longer than its lease (SIGSTOP, a long collection, a frozen machine) does no harm when it goes on.
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { account } from '@kams/accounts/domain/account';
import { commandHandler, projector, storeFeed, type Projection } from '@kams/eventing';
import type { Point } from '@kams/eventing/point';
import { newId } from '@kams/eventing/run/ids';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { selectList } from '@kams/platform';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import { projectionsOf } from '@kams/platform/service';
import { chance, SEED } from '@kams/testing/faults/chance';
import { startWorker, type Proc } from '@kams/testing/faults/procs';
import { promised, trials } from '@kams/testing/faults/promise';
import { until } from '@kams/testing/until';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import type { StopAt } from './stop-at';

const PAUSES = trials(10, 100);
const LEASE_MS = 500;
const WRITE_EVERY_MS = 15;
const SOON_MS = 20_000;
const TENANT = 'acme';
/** From reading a page to the commit: where to be held is worst. */
const PLACES: readonly Point[] = [
  'projector.after-read',
  'projector.after-begin',
  'projector.after-checkpoint',
  'projector.before-commit',
  'projector.after-commit',
];

interface Owner {
  readonly proc: Proc;
  readonly name: string;
}

let database: TestDatabase;
let source: DataSource;
let superuser: Client;
const owners: Owner[] = [];
beforeAll(async () => {
  database = await freshDatabase();
  source = await openReadDatabase({ url: database.url, poolSize: 4 });
  superuser = new Client(database.url);
  await superuser.connect();
}, 30_000);
afterAll(async () => {
  await Promise.all(owners.map(({ proc }) => proc.end('SIGKILL')));
  await source.destroy();
  await superuser.end();
  await database.drop();
}, 30_000);

async function startOwner(): Promise<Owner> {
  const proc = startWorker(join(__dirname, 'owner-process.ts'), {
    env: { KAMS_TEST_DATABASE: database.url, KAMS_TEST_LEASE_MS: String(LEASE_MS) },
  });
  const it = { proc, name: await proc.message<string>() };
  owners.push(it);
  return it;
}
const stops = ({ proc }: Owner, stopAt: Point | undefined) => proc.send({ stopAt } satisfies StopAt);
const isHeld = ({ proc }: Owner) => /\) T /.test(readFileSync(`/proc/${proc.pid}/stat`, 'utf8'));

/** Who has the lease of the accounts now, by the clock of the database; nobody between two owners. */
async function ownerNow(): Promise<Owner | undefined> {
  const [row] = await source.query<{ owner: string }[]>(
    `select owner from accounts.lease where name like 'accounts@%' and expires_at > clock_timestamp()`,
  );
  return owners.find((it) => it.name === row?.owner);
}

/** Every write that moves a checkpoint says who wrote; the row of the lease, in the same transaction, says who owns. */
const AUDIT = `
  create table accounts.audit (projection text, wrote bigint, owned bigint);
  create function accounts.note() returns trigger language plpgsql security definer as $$ begin
    insert into accounts.audit
      select new.projection, new.fencing, max(fencing) from accounts.lease where split_part(name, '@', 1) = new.projection;
    return null; end $$;
  create trigger audit after insert or update on accounts.checkpoint for each row when (new.side = 'live') execute function accounts.note()`;

const rowsOf = (schema: string, { table }: Projection) =>
  source.query<object[]>(`select ${selectList(table)} from ${schema}.${table.name} order by ${table.primaryKey.join(', ')}`);

promised(
  'P12',
  'an owner that is held past its lease writes nothing when it goes on',
  async (tell) => {
    const dice = chance(SEED);
    await Promise.all([startOwner(), startOwner()]);
    await superuser.query(AUDIT);

    const store = await postgresStore({ connection: database.url, poolSize: 4 });
    const commands = commandHandler({ store, hashKey: Buffer.alloc(32, 7) });
    const give = (type: string, id: string, data: object) =>
      commands.handle(account, { type, id, data, tenantId: TENANT, actor: 'user-1' });
    const ids = Array.from({ length: 20 }, () => newId());
    for (const id of ids) await give('Register', id, { profile: { name: 'Client' } });

    let isOver = false;
    let n = 0;
    const writing = (async () => {
      for (; !isOver; await sleep(WRITE_EVERY_MS)) {
        const id = ids[n++ % ids.length]!;
        if (n % 3 === 0) await give('RateCriterion', id, { code: 'note', raw: String(n % 100), note: String(n) });
        else await give('UpdateProfile', id, { set: { employees: n }, validFrom: '2026-01-01' });
      }
    })();

    let took = 0;
    let middles = 0;
    for (let pause = 0; pause < PAUSES; pause++) {
      const first = await until('an owner', ownerNow, SOON_MS);
      const other = owners.find((it) => it !== first)!;
      const inTheMiddle = pause % 3 !== 2;
      const heldMs = LEASE_MS * (1 + 4 * dice.next());
      if (inTheMiddle) {
        // The next owner is held as well, before its first write: nothing but the number tells the two apart then.
        stops(other, 'projector.after-lease');
        stops(first, PLACES[middles++ % PLACES.length]!);
        await until('the owner at its place', () => isHeld(first), SOON_MS);
      } else first.proc.pause();
      await Promise.all([
        sleep(heldMs),
        inTheMiddle
          ? until('the next owner', () => isHeld(other), SOON_MS)
          : until('the next owner', async () => (await ownerNow()) === other, SOON_MS),
      ]);
      took++;
      first.proc.resume();
      await sleep(dice.between(50, 250));
      stops(other, undefined);
      other.proc.resume();
    }
    isOver = true;
    await writing;

    const { position } = await store.head();
    const clean = postgresReadModel(source, 'clean');
    const stopping = new AbortController();
    for (const projection of projectionsOf(accountsService)) {
      await until(
        `${projection.name} at the head`,
        async () => {
          const [row] = await source.query<{ position: string }[]>(
            `select position from accounts.checkpoint where projection = $1 and side = 'live'`,
            [projection.name],
          );
          return (row?.position ?? '') >= position;
        },
        SOON_MS,
      );
      await clean.prepare(projection);
      const it = projector(projection, storeFeed(store, projection.contracts), clean);
      const running = it.run(stopping.signal);
      expect(await it.reached(position, 20_000)).toBe(true);
      expect({ [projection.name]: await rowsOf('accounts', projection) }).toEqual({
        [projection.name]: await rowsOf('clean', projection),
      });
      void running;
    }
    stopping.abort();
    await store.close();

    const { rows } = await superuser.query<{ writes: number; fenced: number }>(
      'select count(*)::int as writes, count(*) filter (where wrote <> owned)::int as fenced from accounts.audit',
    );
    const { writes, fenced } = rows[0]!;
    tell({ pauses: PAUSES, lease_ms: LEASE_MS, fenced_writes: fenced, writes, takeovers: took, events: n });
    expect({ fenced }).toEqual({ fenced: 0 });
    expect(writes).toBeGreaterThan(PAUSES);
  },
  60_000 + PAUSES * 6_000,
);

// Relays and consumes, in a process of its own: nothing of the past is in its memory.
import { setTimeout as sleep } from 'node:timers/promises';
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { account } from '@kams/accounts/domain/account';
import { accountContract } from '@kams/contracts/accounts/account';
import {
  busFeed,
  commandHandler,
  inbox,
  leases,
  logBus,
  pastIn,
  projection,
  projector,
  receiver,
  relay,
  storeFeed,
  table,
  topicOf,
  type InboxPlace,
  type ReadModel,
} from '@kams/eventing';
import { kafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { postgresCheckpoints } from '@kams/platform/read-model/checkpoints';
import { postgresInbox } from '@kams/platform/read-model/inbox';
import { postgresLeases } from '@kams/platform/read-model/leases';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import { contractsOf } from '@kams/platform/service';
import { readTopic } from '@kams/testing/kafka';
import { serve } from '../child';
import { within } from '@kams/eventing/within';
import { atRate } from '../closed-loop';
import { took } from '../cpu';
import { accountId, ACCOUNTS, storePast, TENANT } from '../projection/history';

const { name } = accountsService;
const TOPIC = topicOf(name);
/** A view of accounts that another service has. */
const customers = projection({
  name: 'customers',
  over: name,
  from: [accountContract],
  table: table(
    'customer',
    { tenant_id: 'text', id: 'uuid', revision: 'int', name: 'text' },
    { primaryKey: ['tenant_id', 'id'], groupBy: 'id' },
  ),
})({
  AccountRegistered: (_, { tenantId, id, revision, data }) => ({ tenant_id: tenantId, id, revision, name: data.name }),
});

const start = async (url: string, broker: string, postgresPid: number, kafkaPid: number) => {
  const store = await postgresStore({ connection: url });
  const source = await openReadDatabase({ url, poolSize: 4 });
  const bus = kafkaBus({ brokers: [broker] });
  const checkpoints = await postgresCheckpoints(source, name);
  const pids = { postgres: postgresPid, kafka: kafkaPid };

  /** Relays while `work` is done, by lease as a host does. */
  async function relaying<T>(work: (caughtUp: () => Promise<void>) => Promise<T>): Promise<T> {
    const it = relay(name, contractsOf(accountsService), { store, to: bus, checkpoints });
    const stopping = new AbortController();
    const { signal } = stopping;
    const owned = leases(postgresLeases(source, name), { owner: `bench ${process.pid}`, leaseMs: 5_000, alone: true });
    const runs = [owned.run(signal), owned.own('relay', signal, (term) => it.run(AbortSignal.any([signal, term.signal]), term))];
    try {
      return await work(async () => {
        const { position } = await store.head();
        for (; (await it.published()) < position; await sleep(10)) if (it.failure()) throw it.failure();
      });
    } finally {
      stopping.abort();
      await Promise.all(runs);
    }
  }

  let employees = 1_000_000;
  return {
    store: () => storePast(store),

    async relay() {
      const time = await took(pids, () => relaying((caughtUp) => caughtUp()));
      let events = 0;
      for (const [, end] of await bus.ends(TOPIC)) if (end !== '') events += Number(end) + 1;
      return { events, took: time };
    },

    async consume() {
      let events = 0;
      const time = await took(pids, async () => void (events = (await readTopic(bus, TOPIC)).length));
      return { events, took: time };
    },

    /** What a service that reads all of the topic collects of it, into an inbox of its own. */
    async collect() {
      const rows = await postgresInbox(source, 'bench_inbox', name);
      const contracts = contractsOf(accountsService);
      const place = await rows.place();
      const categories = contracts.map((it) => it.name);
      const { epoch } = await store.head();
      // From the first record on, and not from the log.
      await rows.add(place, { ...place, version: 1, epoch, categories, offsets: {} }, []);
      let now: InboxPlace = place;
      const filling = receiver({
        producer: name,
        group: 'kams.bench',
        categories,
        bus,
        past: pastIn(store, name, contracts),
        rows,
        onPlace: (it) => (now = it),
      });
      const stopping = new AbortController();
      const running = filling.run(stopping.signal);
      const ends = await bus.ends(TOPIC);
      const isThere = () => [...ends].every(([partition, end]) => end <= (now.offsets?.[partition] ?? ''));
      const time = await took(pids, async () => {
        for (; !isThere(); await sleep(5)) if (filling.failure()) throw filling.failure();
      });
      stopping.abort();
      await running;
      return { events: now.position, took: time };
    },

    /** From the answer of a command until its row is in a view of another service, in ms. */
    async shown(over: 'log' | 'kafka', perSecond: number, seconds: number) {
      const schema = `bench_${over}_${perSecond}`;
      const commands = commandHandler({ store, hashKey: Buffer.alloc(32, 1) });
      const contracts = contractsOf(accountsService);
      const arrivals = new Map<string, (at: number) => void>();
      const early = new Map<string, number>();
      const tell = (key: string) => {
        const at = performance.now();
        const waits = arrivals.get(key);
        if (waits) waits(at);
        else early.set(key, at);
      };
      const inner = postgresReadModel(source, schema);
      const readModel: ReadModel = {
        ...inner,
        async commit(...args) {
          const isDone = await inner.commit(...args);
          if (isDone) for (const row of args[3].upsert) tell(`${String(row['id'])} ${String(row['revision'])}`);
          return isDone;
        },
      };
      await readModel.prepare(customers);
      const stopping = new AbortController();
      const { signal } = stopping;
      const runs: Promise<unknown>[] = [];
      const feedOf = async () => {
        if (over === 'log') {
          const own = storeFeed(store, [accountContract]);
          return busFeed(logBus([{ name, contracts, store }]), 'bench', name, [accountContract], own);
        }
        const rows = await postgresInbox(source, schema, name);
        const here = inbox(name, rows);
        const filling = receiver({
          producer: name,
          group: 'kams.bench',
          categories: [accountContract.name],
          bus,
          past: pastIn(store, name, [accountContract]),
          rows,
          onPlace: (place) => here.learn(place),
        });
        runs.push(here.run(signal), filling.run(signal));
        for (; (await rows.place()).offsets === null; await sleep(50)) if (filling.failure()) throw filling.failure();
        return here.feed([accountContract]);
      };
      const measured = async (): Promise<{ p50: number; p99: number }> => {
        const feed = await feedOf();
        const it = projector(customers, feed, readModel);
        runs.push(it.run(signal));
        while (!(await it.reached(await feed.head(), 1_000))) if (it.failure()) throw it.failure();
        await sleep(4_000); // until the reader has its group
        return atRate(perSecond, seconds, async (n) => {
          const id = accountId(n % ACCOUNTS);
          const command = {
            type: 'UpdateProfile',
            data: { set: { employees: employees++ } },
            id,
            tenantId: TENANT,
            actor: 'user-1',
          };
          const { revision } = await commands.handle(account, command);
          const answered = performance.now();
          const key = `${id} ${revision}`;
          const at = early.get(key) ?? (await new Promise<number>((resolve) => arrivals.set(key, resolve)));
          return Math.max(0, at - answered);
        });
      };
      const bounded = () => within((seconds + 60) * 1_000, measured(), () => new Error('not all rows came'));
      try {
        return await (over === 'log'
          ? bounded()
          : relaying(async (caughtUp) => {
              await caughtUp();
              return bounded();
            }));
      } finally {
        stopping.abort();
        await Promise.all(runs);
      }
    },

    /** From the answer of a command until its event has come from the topic, in ms. */
    async delay(perSecond: number, seconds: number) {
      const commands = commandHandler({ store, hashKey: Buffer.alloc(32, 1) });
      return relaying(async (caughtUp) => {
        await caughtUp();
        // Either may come first: the answer, or its event.
        const arrivals = new Map<string, { readonly at: Promise<number>; readonly tell: (at: number) => void }>();
        const arrival = (key: string) => {
          let tell!: (at: number) => void;
          const it = arrivals.get(key) ?? { at: new Promise<number>((resolve) => (tell = resolve)), tell };
          arrivals.set(key, it);
          return it;
        };
        const stopping = new AbortController();
        const reading = (async () => {
          for await (const { records } of bus.consume(TOPIC, 'kams.bench', await bus.ends(TOPIC), stopping.signal)) {
            const at = performance.now();
            for (const { event } of records) arrival(`${event.partitionkey} ${event.sequence}`).tell(at);
          }
        })();
        await sleep(4_000); // until the reader has its group
        const asking = atRate(perSecond, seconds, async (n) => {
          const id = accountId(n % ACCOUNTS);
          const data = { set: { employees: employees++ } };
          const { revision } = await commands.handle(account, {
            type: 'UpdateProfile',
            data,
            id,
            tenantId: TENANT,
            actor: 'user-1',
          });
          const answered = performance.now();
          const arrived = await arrival(`account-${id} ${revision}`).at;
          return Math.max(0, arrived - answered);
        });
        try {
          return await within((seconds + 21) * 1_000, asking, () => new Error('not all events came within 20 s'));
        } finally {
          stopping.abort();
          await reading;
        }
      });
    },

    async close() {
      await bus.close();
      await source.destroy();
      await store.close();
    },
  };
};
export type BrokerJobs = Awaited<ReturnType<typeof start>>;

serve(start);

// A process that collects what another service says on Kafka, and keeps the projection of effects.ts of that; one of several.
import 'reflect-metadata';
import { inbox, leases, pastIn, projector, receiver, type Term } from '@kams/eventing';
import { kafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { postgresInbox } from '@kams/platform/read-model/inbox';
import { postgresLeases } from '@kams/platform/read-model/leases';
import { postgresReadModel } from '@kams/platform/read-model/postgres-read-model';
import { effects, opened, SCHEMA, tallyContract } from '../promises/effects';

const PRODUCER = 'tallies';
const LEASE_MS = 1_000;
const [url, brokers] = process.argv.slice(2);

async function work(): Promise<void> {
  const { store, source } = await opened(url!);
  const rows = await postgresInbox(source, SCHEMA, PRODUCER);
  const here = inbox(PRODUCER, rows);
  const filling = receiver({
    producer: PRODUCER,
    group: 'kams.test.p10',
    categories: [tallyContract.name],
    bus: kafkaBus({ brokers: brokers!.split(',') }),
    past: pastIn(store, PRODUCER, [tallyContract]),
    rows,
    onPlace: (place) => here.learn(place),
  });
  const { run } = projector({ ...effects, over: PRODUCER }, here.feed([tallyContract]), postgresReadModel(source, SCHEMA));
  const ending = new AbortController();
  const { signal } = ending;
  const owned = leases(postgresLeases(source, SCHEMA), { owner: String(process.pid), leaseMs: LEASE_MS });
  const owning = (name: string, its: (signal: AbortSignal, term: Term) => Promise<void>) =>
    owned.own(name, signal, (term) => its(AbortSignal.any([signal, term.signal]), term));
  const running = Promise.all([
    owned.run(signal),
    here.run(signal),
    owning('inbox', (its, term) => filling.run(its, term)),
    owning(effects.name, run),
  ]);
  // As a roll or a scaling does it: what it has is given back, and another one takes it.
  process.on('SIGTERM', () => ending.abort());
  process.send!('running');
  await running;
  process.exit(0);
}
void work();

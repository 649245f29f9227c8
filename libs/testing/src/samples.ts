// One stored sample of every version of every event that was ever written. A history is for ever: what is in these files must
// read, and fold to the same state, as long as there is one installation.
import type { AnyContract, EventContract } from '@kams/contracts/define';
import { upcast, type AnyAggregate } from '@kams/eventing';
import { keys } from '@kams/eventing/pure';
import type { Service } from '@kams/platform';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { promised } from './faults/promise';
import { losses, type Schema } from './losses';

interface Sample {
  readonly type: string;
  readonly schema: number;
  readonly data: object;
  /** What the contract said when this version was written. */
  readonly contract: Schema;
  /** What it made of the thing that the contract's first event opens. */
  readonly state: unknown;
}

const FOLDER = join(__dirname, '../../contracts/samples');
/** `npm run samples` adds what is missing. What is there is never written again. */
const writing = process.env['KAMS_SAMPLES'] === 'write';
const CURE = 'run `npm run samples` and commit the new file';

const schemaOf = ({ data }: EventContract): Schema =>
  z.toJSONSchema(data, { io: 'output', unrepresentable: 'any' }) as unknown as Schema;
const fileOf = ({ name }: AnyContract, file: string): string => join(FOLDER, name, `${file}.json`);
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

function write(path: string, content: object): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`, { flag: 'wx' });
}

function samplesOf(contract: AnyContract): Sample[] {
  const folder = join(FOLDER, contract.name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.v\d+\.json$/.test(name))
    .sort()
    .map((name) => read<Sample>(join(folder, name)));
}

/** The state after the first event of the contract and this one, in the versions of today. */
function folded({ contract, initial, evolve }: AnyAggregate, sample: Pick<Sample, 'type' | 'schema' | 'data'>): unknown {
  const [first, { version, data, example }] = Object.entries<EventContract>(contract.events)[0]!;
  const opening = { type: first, schema: version, data: data.parse(example) };
  const state = [opening, ...(sample.type === first ? [] : [sample])].reduce<unknown>((before, it) => {
    const origin = { eventId: `sample-${it.type}`, occurredAt: '2026-03-02T09:00:00.000Z', actor: 'user-1' };
    return evolve[it.type]!(before as never, upcast(contract, { id: 'sample', ...it }).data as never, origin);
  }, initial);
  return (JSON.parse(JSON.stringify({ state })) as { state: unknown }).state;
}

function lossesOf(sample: Sample, { contract: { events } }: AnyAggregate): string[] {
  const event: EventContract | undefined = events[sample.type];
  return event?.version === sample.schema ? losses(sample.contract, schemaOf(event)) : [];
}

function ensureReads({ contract }: AnyAggregate, sample: Sample): void {
  const event: EventContract | undefined = contract.events[sample.type];
  if (!event) throw new Error(`${sample.type} was stored, and the contract has it no more: keep it, with its rule`);
  const { data } = upcast(contract, { id: 'sample', ...sample });
  expect({ type: sample.type, schema: sample.schema, ...event.data.safeParse(data) }).toMatchObject({ success: true });
}

/** What a state has besides is no loss. */
function ensureFolds(aggregate: AnyAggregate, sample: Sample): void {
  const expected = { sample: `${sample.type} v${sample.schema}`, state: sample.state };
  expect({ ...expected, state: folded(aggregate, sample) }).toMatchObject(expected);
}

const fails = (ensure: () => void): boolean => {
  try {
    ensure();
    return false;
  } catch {
    return true;
  }
};

/** The tests that hold a service to what it has ever stored: `describeSamples(accountsService)`. */
export function describeSamples(service: Service): void {
  const aggregates = service.aggregates.flatMap((it) => (it.claims ? [it, keys(it.contract.name)] : [it])) as AnyAggregate[];

  describe.each(aggregates.map((it) => [it.contract.name, it] as const))('what is stored of %s', (_, aggregate) => {
    const { contract } = aggregate;
    const events = Object.entries<EventContract>(contract.events);

    test.each(events)('%s has a sample of the version that is written now', (type, event) => {
      const path = fileOf(contract, `${type}.v${event.version}`);
      const written = { type, schema: event.version, data: event.data.parse(event.example) };
      if (writing && !existsSync(path)) {
        write(path, { ...written, contract: schemaOf(event), state: folded(aggregate, written) });
      }
      if (!existsSync(path)) throw new Error(`${type} in version ${event.version} has no sample: ${CURE}`);
    });

    test.each(events)('%s is still what it was when its version was first written', (type, event) => {
      const sample = samplesOf(contract).find((it) => it.type === type && it.schema === event.version);
      const lost = sample ? lossesOf(sample, aggregate) : [];
      if (lost.length > 0) {
        throw new Error(
          `${type} was stored in version ${event.version} as the contract does not have it any more: ${lost.join('; ')}. ` +
            `Make this version ${event.version + 1}, with an upcast from ${event.version}.`,
        );
      }
    });

    test('every sample reads in the version of today', () => {
      for (const sample of samplesOf(contract)) ensureReads(aggregate, sample);
    });

    test('every sample folds to the state that it always gave', () => {
      for (const sample of samplesOf(contract)) ensureFolds(aggregate, sample);
    });
  });

  promised('P13', 'every event that was ever written stays readable, and means what it always meant', async (tell) => {
    const all = aggregates.flatMap((aggregate) => samplesOf(aggregate.contract).map((sample) => ({ aggregate, sample })));
    const counts = {
      unreadable: all.filter(({ aggregate, sample }) => fails(() => ensureReads(aggregate, sample))).length,
      'folded-otherwise': all.filter(({ aggregate, sample }) => fails(() => ensureFolds(aggregate, sample))).length,
      losses: all.flatMap(({ aggregate, sample }) => lossesOf(sample, aggregate)).length,
    };
    tell({ contracts: aggregates.length, versions: all.length, ...counts });
    expect(counts).toEqual({ unreadable: 0, 'folded-otherwise': 0, losses: 0 });
    expect(all.length).toBeGreaterThan(0);
  });
}

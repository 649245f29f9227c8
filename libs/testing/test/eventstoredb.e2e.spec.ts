import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  jsonEvent,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type ReadPosition,
} from '@eventstore/db-client';
import { eventStoreDbDouble, type EventStoreDbDouble } from '../src/eventstoredb/server';
import { until } from '../src/until';

const WITHIN_MS = 5_000;
let double: EventStoreDbDouble;
let client: EventStoreDBClient;
beforeEach(async () => {
  double = await eventStoreDbDouble();
  client = EventStoreDBClient.connectionString(double.url);
});
afterEach(async () => {
  await client.dispose();
  await double.close();
});

const numbered = (n: number, type = 'Happened') => jsonEvent({ type, data: { n }, metadata: { of: n } });
const append = (stream: string, ...numbers: number[]) =>
  client.appendToStream(
    stream,
    numbers.map((n) => numbered(n)),
  );

async function namesOf(reading: AsyncIterable<{ event?: { streamId: string; revision: bigint } }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { event } of reading) names.push(`${event!.streamId}@${event!.revision}`);
  return names;
}

test('the client reads what it has appended: streams and the log, both ways, from anywhere', async () => {
  await client.appendToStream('a-1', [numbered(0), numbered(1)], { expectedRevision: NO_STREAM });
  await append('b-1', 2);
  const { position } = await append('a-1', 3);
  expect(await namesOf(client.readStream('a-1'))).toEqual(['a-1@0', 'a-1@1', 'a-1@2']);
  expect(await namesOf(client.readStream('a-1', { fromRevision: 1n, maxCount: 1 }))).toEqual(['a-1@1']);
  expect(await namesOf(client.readStream('a-1', { direction: BACKWARDS, fromRevision: END, maxCount: 2 }))).toEqual([
    'a-1@2',
    'a-1@1',
  ]);
  expect(await namesOf(client.readAll())).toEqual(['a-1@0', 'a-1@1', 'b-1@0', 'a-1@2']);
  expect(await namesOf(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }))).toEqual(['a-1@2', 'b-1@0']);
  expect(await namesOf(client.readAll({ fromPosition: position as ReadPosition }))).toEqual(['a-1@2']);
  for await (const { event } of client.readStream('b-1')) {
    expect(event).toMatchObject({ type: 'Happened', data: { n: 2 }, metadata: { of: 2 }, isJson: true });
    expect(Math.abs(event!.created.getTime() - Date.now())).toBeLessThan(10_000);
  }
  await expect(namesOf(client.readStream('c-1'))).rejects.toBeInstanceOf(StreamNotFoundError);
});

test('a wrong expectation is told with what is there', async () => {
  await append('a-1', 0, 1);
  const refused = (expectedRevision: bigint | typeof NO_STREAM | typeof STREAM_EXISTS, stream = 'a-1') =>
    client.appendToStream(stream, numbered(9), { expectedRevision }).then(
      () => undefined,
      (error: WrongExpectedVersionError) => error.actualVersion,
    );
  expect(await refused(0n)).toBe(1n);
  expect(await refused(7n)).toBe(1n);
  expect(await refused(NO_STREAM)).toBe(1n);
  expect(await refused(STREAM_EXISTS, 'b-1')).toBe('no_stream');
  expect(await refused(STREAM_EXISTS)).toBeUndefined();
});

test('ids that are in a stream already are recognised also where anything is expected', async () => {
  const [a, b] = [numbered(0), numbered(1)];
  const first = await client.appendToStream('a-1', [a, b]);
  await append('a-1', 2);
  expect(await client.appendToStream('a-1', [a, b])).toEqual(first);
  expect(await namesOf(client.readStream('a-1'))).toHaveLength(3);
});

test('a subscription shows what is there, then says so, then shows what comes; of a type, or of a stream', async () => {
  await client.appendToStream('a-1', [numbered(0, 'Opened'), numbered(1)]);
  const [seen, ofStream, told]: [string[], string[], string[]] = [[], [], []];
  const subscription = client.subscribeToAll({ fromPosition: START, filter: eventTypeFilter({ regex: '^Open' }) });
  subscription.on('data', ({ event }) => seen.push(`${event!.streamId}@${event!.revision}`));
  subscription.on('caughtUp' as 'end', () => told.push('caught up'));
  const other = client.subscribeToStream('a-1', { fromRevision: 0n });
  other.on('data', ({ event }) => ofStream.push(`${event!.streamId}@${event!.revision}`));
  await until('it has caught up', () => told.length > 0, WITHIN_MS);
  expect(seen).toEqual(['a-1@0']);
  await client.appendToStream('b-1', [numbered(2), numbered(3, 'Opened')]);
  await append('a-1', 4);
  await until('all has come', () => seen.length === 2 && ofStream.length === 2, WITHIN_MS);
  expect(seen).toEqual(['a-1@0', 'b-1@1']);
  expect(ofStream).toEqual(['a-1@1', 'a-1@2']);
  await subscription.unsubscribe();
  await other.unsubscribe();
});

test('a stream with a tombstone can not begin again', async () => {
  await append('a-1', 1);
  await client.tombstoneStream('a-1');
  await expect(append('a-1', 2)).rejects.toBeInstanceOf(StreamDeletedError);
  await expect(namesOf(client.readStream('a-1'))).rejects.toBeInstanceOf(StreamDeletedError);
});

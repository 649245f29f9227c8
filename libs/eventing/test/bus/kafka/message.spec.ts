import { partitioner } from '../../../src/bus/kafka/client';
import { eventOf, messageOf, type RawMessage } from '../../../src/bus/kafka/message';
import { numberOf, offsetOf } from '../../../src/bus/kafka/offsets';
import { subscriber, type CloudEvent } from '../../../src/run/cloud-event';
import { partitionOf } from './partitions';

const published: CloudEvent = {
  specversion: '1.0',
  id: '0191d6a4-0000-7000-8000-000000000001',
  type: 'kams.accounts.account.registered.v1',
  source: '/kams/acme/accounts',
  subject: 'account/1',
  time: '2026-01-05T09:00:00.000Z',
  dataschema: 'https://schemas.kams.local/kams.accounts.account.registered.v1/0.json',
  datacontenttype: 'application/json',
  partitionkey: 'account-1',
  sequence: '0',
  globalpos: '00000000000000000017',
  storeepoch: 'epoch-1',
  correlationid: 'r-1',
  causationid: 'c-1',
  recordedtime: '2026-01-05T09:00:00.000001Z',
  tenantid: 'acme',
  actor: '王芳',
  traceparent: '00-t',
  data: { name: '华东电气有限公司', employees: 3100 },
};

/** As it comes back from a broker. */
function raw({ key, value, headers } = messageOf(published)): RawMessage {
  return {
    offset: 1n,
    key: key === null ? null : Buffer.from(key),
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, it]) => [name, Buffer.from(it)])),
  };
}

test('an event is a message in the binary mode of CloudEvents', () => {
  const { datacontenttype, data, ...attributes } = published;
  const { key, value, headers } = messageOf(published);
  expect(key).toBe('account-1');
  expect(value.toString()).toBe('{"name":"华东电气有限公司","employees":3100}');
  expect(headers).toEqual({
    ...Object.fromEntries(Object.entries(attributes).map(([name, it]) => [`ce_${name}`, it])),
    'content-type': datacontenttype,
  });
  expect(data).toEqual(JSON.parse(value.toString()));
});

test('and comes back as it was, with and without what it may have', () => {
  expect(eventOf(raw(), 'here')).toEqual(published);
  const { traceparent: _, ...without } = published;
  expect(eventOf(raw(messageOf(without)), 'here')).toEqual(without);
});

test('the trace of an event goes through Kafka, and what is no traceparent ends there', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const events = { Registered: { public: 'account.registered' } };
  const read = subscriber('accounts', [{ events }] as unknown as Parameters<typeof subscriber>[1]);
  const through = (it: CloudEvent) => read(eventOf(raw(messageOf(it)), 'here'))?.traceparent;
  expect(messageOf({ ...published, traceparent }).headers['ce_traceparent']).toBe(traceparent);
  expect(through({ ...published, traceparent })).toBe(traceparent);
  expect(through(published)).toBeUndefined();
});

test('headers of others do not disturb', () => {
  const it = raw();
  const headers = { ...it.headers, b3: Buffer.from('1'), baggage: [Buffer.from('1'), Buffer.from('2')] };
  expect(eventOf({ ...it, headers }, 'here')).toEqual(published);
});

test.each<[string, Partial<RawMessage>, string]>([
  ['without headers', { headers: {} }, 'ce_specversion, ce_id, ce_type'],
  ['with a header twice', { headers: { ...raw().headers, ce_id: [Buffer.from('1'), Buffer.from('2')] } }, 'ce_id is there more'],
  ['of another version', { headers: { ...raw().headers, ce_specversion: Buffer.from('2.0') } }, 'ce_specversion is 2.0'],
  ['under another key', { key: Buffer.from('account-2') }, 'its key is not its ce_partitionkey'],
  ['without a key', { key: null }, 'its key is not its ce_partitionkey'],
  ['without a value', { value: null }, 'its value is no JSON'],
  ['with half a value', { value: Buffer.from('{"name":') }, 'its value is no JSON'],
])('a message %s is refused, with its place', (_, more, says) => {
  const read = () => eventOf({ ...raw(), ...more }, 'kams.accounts.v1, partition 3, offset 17');
  expect(read).toThrow('kams.accounts.v1, partition 3, offset 17 is no event that KAMS has published');
  expect(read).toThrow(says);
});

test('a key goes into the partition where Kafka’s own client puts it', () => {
  const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId, leader: 1 }) as never);
  const choose = partitioner();
  const chosen = [...partitionOf.keys()].map(
    (key) => [key, choose({ topic: 't', partitionMetadata, message: { key, value: null } })] as const,
  );
  expect(new Map(chosen)).toEqual(partitionOf);
  expect(partitionOf.size).toBe(1_000);
});

test('offsets compare as text as they do as numbers, and nothing else is taken for one', () => {
  const numbers = [0n, 9n, 10n, 99n, 100n, 2n ** 63n - 1n];
  expect(numbers.map(offsetOf).sort()).toEqual(numbers.map(offsetOf));
  expect([-1n, ...numbers].map(offsetOf).map(numberOf)).toEqual([-1n, ...numbers]);
  for (const wrong of ['17', '-1', 'x', '00000000000000000017']) expect(() => numberOf(wrong)).toThrow(RangeError);
});

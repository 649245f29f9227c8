// A broker that is away, as those see it who give commands, who balance, and who operate.
import type { CloudEvent, Publisher } from '@kams/eventing';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { eventually } from '@kams/testing/until';
import { bells } from './timers/bell';

let isAway = true;
const published: CloudEvent[] = [];
const outlet: Publisher = {
  ensureTopic: async () => undefined,
  begin: () => undefined,
  newest: async () => [],
  mark: async () => undefined,
  async publish(topic, events) {
    expect(topic).toBe('kams.bells.v1');
    if (isAway) throw new Error('Kafka is away: connection refused by 10.1.2.3');
    published.push(...events);
  },
  close: async () => undefined,
};

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([bells], { outlet: () => outlet })));
afterAll(() => kams.stop());

const relayFor = async (path: string) =>
  ((await kams.ask(path)).body as { relays: { topic: string; lag?: number; owner?: string; failure?: string }[] }).relays[0];
const metric = async (name: string) =>
  new RegExp(`^${name}{topic="kams.bells.v1"} (.*)$`, 'm').exec((await kams.ask('/metrics')).text)?.[1];

test('commands, reads and readiness do not need it; operators are told, and nobody else is told why', async () => {
  const { status, body } = await kams.post('/bells', { at: '2100-01-01T00:00:00.000Z' });
  expect(status).toBe(201);
  await eventually(async () => expect((await relayFor('/operations/status'))?.failure).toMatch('refused by 10.1.2.3'));
  const ready = await kams.ask('/health/ready');
  expect(ready.status).toBe(200);
  expect(ready.text).toContain('stands still');
  expect(ready.text).not.toContain('10.1.2.3');
  expect(kams.logged().match(/nothing comes to Kafka/g)).toHaveLength(1);
  expect(await relayFor('/operations/status')).toMatchObject({ lag: 1, owner: kams.runtime.owner });
  expect([await metric('kams_relay_failing'), await metric('kams_relay_position')]).toEqual(['1', '0']);

  isAway = false;
  await eventually(
    async () => expect(await relayFor('/operations/status')).toMatchObject({ topic: 'kams.bells.v1', lag: 0 }),
    10_000,
  );
  expect(published).toMatchObject([{ partitionkey: `bell-${body.id}`, sequence: '0' }]);
  expect((await relayFor('/operations/status'))?.failure).toBeUndefined();
  expect([await metric('kams_relay_failing'), await metric('kams_relay_position')]).toEqual(['0', '1']);
});

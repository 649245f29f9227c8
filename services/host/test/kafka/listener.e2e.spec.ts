// An application beside KAMS listens the way Nest has it, on the log and, in `npm run test:kafka`, over a real Kafka.
import { accountsService } from '@kams/accounts';
import { topicOf, type Bus, type CloudEvent } from '@kams/eventing';
import { groupedBy } from '@kams/eventing/grouped-by';
import { kafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { EventContext, EventStrategy, type Places } from '@kams/platform/bus/event-strategy';
import { startTestServices, type TestServices } from '@kams/testing';
import { readTopic } from '@kams/testing/kafka';
import { eventually } from '@kams/testing/until';
import { Controller, Logger, type INestMicroservice } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';

const { KAFKA_BROKERS: brokers } = process.env;
if (brokers === undefined) process.stderr.write('listeners over Kafka: NOT RUN (npm run test:kafka)\n');

/** As rows beside what a handler writes. */
function kept(): Places & { readonly saved: ReadonlyMap<number, string> } {
  const saved = new Map<number, string>();
  return {
    saved,
    load: async () => new Map(saved),
    save: async (_topic, partition, offset) => void saved.set(partition, offset),
  };
}

describe.each(brokers === undefined ? ['the log'] : ['the log', 'Kafka'])('over %s', (over) => {
  let kams: TestServices;
  let bus: Bus & { close?(): Promise<void> };
  const apps: INestMicroservice[] = [];
  /** On Kafka it is not the test's alone. */
  const tenantId = `listened_${process.pid}`;
  const who = { as: { subject: 'user-1', tenantId } };

  beforeAll(async () => {
    kams = await startTestServices([accountsService]);
    if (over === 'the log') bus = kams.runtime.bus;
    else {
      const kafka = kafkaBus({ brokers: brokers!.split(',') });
      await kafka.ensureTopic(topicOf('accounts'));
      bus = kafka;
    }
    for (const name of ['One', 'Two', 'Three']) {
      const { id } = (await kams.post('/accounts', { profile: { name } }, who)).body;
      for (let employees = 1; employees <= 20; employees++)
        await kams.post(`/accounts/${id}/update-profile`, { set: { employees } }, who);
    }
    if (over === 'Kafka') {
      const events = await readTopic(kams.runtime.bus, topicOf('accounts'));
      await (bus as ReturnType<typeof kafkaBus>).publish(topicOf('accounts'), events);
    }
  }, 60_000);
  afterAll(async () => {
    for (const it of apps.splice(0)) await it.close();
    await bus?.close?.();
    await kams?.stop();
  });

  async function listens(places: Places, told: (event: CloudEvent) => void | Promise<void>): Promise<INestMicroservice> {
    @Controller()
    class Listener {
      @EventPattern('kams.accounts.account.profile_updated.v1')
      async changed(@Payload() data: { accountId: string }, @Ctx() context: unknown) {
        const { event } = context as EventContext;
        if (event.tenantid !== tenantId) return;
        expect(event.data).toBe(data);
        await told(event);
      }
    }
    const module = await Test.createTestingModule({ controllers: [Listener] }).compile();
    const app = module.createNestMicroservice({ strategy: new EventStrategy({ bus, name: 'test', places }), logger: false });
    apps.push(app);
    await app.listen();
    return app;
  }
  const revisions = (events: readonly CloudEvent[]) =>
    [...groupedBy(events, (it) => it.partitionkey).values()].map((its) => its.map((it) => Number(it.sequence)));
  const WHOLE = Array.from({ length: 20 }, (_, i) => i + 1);

  test('a handler gets each event of its type, those of a stream in their order, with what the event says of itself', async () => {
    const seen: CloudEvent[] = [];
    await listens(kept(), (event) => void seen.push(event));
    await eventually(() => expect(seen).toHaveLength(60), 20_000);
    expect(revisions(seen)).toEqual([WHOLE, WHOLE, WHOLE]);
    expect(seen[0]).toMatchObject({
      type: 'kams.accounts.account.profile_updated.v1',
      data: { changes: [{ field: 'employees' }] },
    });
  }, 60_000);

  test('what a handler throws is tried again: nothing behind it comes first, and nothing before it comes twice', async () => {
    const seen: CloudEvent[] = [];
    let failures = 0;
    await listens(kept(), (event) => {
      if (seen.length === 30 && failures < 3) {
        failures++;
        throw new Error('the database of the listener is away');
      }
      seen.push(event);
    });
    await eventually(() => expect(seen).toHaveLength(60), 30_000);
    expect([failures, revisions(seen)]).toEqual([3, [WHOLE, WHOLE, WHOLE]]);
  }, 60_000);

  test('who ends and comes back goes on where it was, and what was at work has ended', async () => {
    const seen: CloudEvent[] = [];
    const places = kept();
    let working = 0;
    const slowly = async (event: CloudEvent) => {
      working++;
      await sleep(20);
      working--;
      seen.push(event);
    };
    const first = await listens(places, slowly);
    await eventually(() => expect(seen.length).toBeGreaterThan(10), 20_000);
    await first.close();
    expect(working).toBe(0);
    const before = seen.length;
    expect(before).toBeLessThan(60);
    await sleep(100);
    expect(seen).toHaveLength(before);
    await listens(places, (event) => void seen.push(event));
    await eventually(() => expect(seen).toHaveLength(60), 20_000);
    expect(revisions(seen)).toEqual([WHOLE, WHOLE, WHOLE]);
  }, 60_000);

  test('a place that could not be noted is read again from the one before: at least once', async () => {
    const seen: CloudEvent[] = [];
    const places = kept();
    let failures = 0;
    const failing: Places = {
      ...places,
      save: (...place) => (failures++ < 2 ? Promise.reject(new Error('the disk is full')) : places.save(...place)),
    };
    await listens(failing, (event) => void seen.push(event));
    await eventually(() => expect(places.saved.size).toBeGreaterThan(0), 20_000);
    await eventually(() => expect(new Set(seen.map((it) => it.id)).size).toBe(60), 20_000);
    expect(seen.length).toBeGreaterThan(60);
  }, 60_000);

  test('a pattern that is no type of an event is refused when it starts', async () => {
    @Controller()
    class Wrong {
      @EventPattern('account.registered')
      never(_data: unknown) {}
    }
    const module = await Test.createTestingModule({ controllers: [Wrong] }).compile();
    const strategy = new EventStrategy({ bus, name: 'test', places: kept() });
    const app = module.createNestMicroservice({ strategy, logger: new Logger() });
    await expect(app.listen()).rejects.toThrow('account.registered is no type of an event');
  });
});

// What one service has of another over a bus that comes and goes, as those see it who ask and who operate.
import { Controller } from '@nestjs/common';
import { logBus, projection, table, Unavailable, type Bus, type EventStore, type Position } from '@kams/eventing';
import { startTestServices, type TestServices } from '@kams/testing/services';
import { eventually } from '@kams/testing/until';
import { z } from 'zod';
import { itemOf, itemSchema } from '../src/http/item';
import { list, pageOf, paging, sortBy } from '../src/http/list';
import { Asked, Read, type AskedFor } from '../src/http/read';
import { contractsOf, service } from '../src/service';
import { fieldService, visitContract } from './visits';

const agendaTable = table(
  'agenda',
  { tenant_id: 'text', id: 'uuid', revision: 'int', day: 'date', subject: 'text' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['tenant_id, day, id'] },
);
const agenda = projection({ name: 'agenda', over: 'field', from: [visitContract], table: agendaTable })({
  VisitPlanned: (_, { id, tenantId, revision, data: { day, subject } }) => ({ tenant_id: tenantId, id, revision, day, subject }),
});
const query = z.strictObject({ ...paging, sort: sortBy('day').default('day') });

@Controller('agenda')
class AgendaController {
  @Read('', { summary: 'Agenda', resource: 'visit', query, answer: pageOf(itemSchema(agendaTable)), shows: [agenda] })
  async list(@Asked() { query: asked, reader }: AskedFor<typeof query>) {
    const page = await list(reader, { schema: 'desk', table: agendaTable, account: null, ...asked });
    return { ...page, items: page.items.map(itemOf) };
  }
}
const deskService = service({
  name: 'desk',
  description: 'Who is where.',
  aggregates: [],
  projections: [agenda],
  controllers: [AgendaController],
});

let isAway = false;
/** The log as a broker would bring it: with watermarks, and sometimes not at all. */
function inlet(store: EventStore): Bus {
  const bus = logBus([{ name: 'field', contracts: contractsOf(fieldService), store }]);
  return {
    ends: async (topic) => {
      if (isAway) throw new Unavailable('Kafka is away: refused by 10.1.2.3');
      return bus.ends(topic);
    },
    async *consume(...asked) {
      for await (const batch of bus.consume(...asked)) {
        if (isAway) throw new Unavailable('Kafka is away: refused by 10.1.2.3');
        const position = batch.offset as Position;
        const { epoch } = await store.head();
        const { id } = (await store.at(position))!;
        const ends = new Map([[0, batch.offset]]);
        yield { ...batch, watermark: { epoch, position, eventId: id, eventPosition: position, ends } };
      }
    },
  };
}

let kams: TestServices;
beforeAll(async () => void (kams = await startTestServices([fieldService, deskService], { inlet })));
afterAll(() => kams.stop());

const plan = (subject: string) =>
  kams.post('/visits', { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-02', subject });
const inboxOf = async (path: string) =>
  ((await kams.ask(path)).body as { inboxes: { events?: number; lag?: number; owner?: string; failure?: string }[] }).inboxes[0];
const metric = async (name: string) =>
  new RegExp(`^${name}{service="desk",producer="field"} (.*)$`, 'm').exec((await kams.ask('/metrics')).text)?.[1];

test('a view of another service shows what was stored at a position of its log, and is rebuilt from what was collected', async () => {
  for (let i = 0; i < 20; i++) {
    const { body } = await plan(`Visit ${i}`);
    const { status, body: shown } = await kams.ask(`/agenda?limit=200&after=${body.position}`);
    expect(status).toBe(200);
    expect(shown.items).toHaveLength(i + 1);
  }
  await eventually(async () =>
    expect(await inboxOf('/operations/status')).toMatchObject({ events: 20, lag: 0, owner: kams.runtime.owner }),
  );
  const { projections } = (await kams.ask('/operations/status')).body as { projections: { name: string; lag: number }[] };
  expect(projections.find((it) => it.name === 'agenda')).toMatchObject({ lag: 0 });
  expect([await metric('kams_inbox_events'), await metric('kams_inbox_lag_events')]).toEqual(['20', '0']);
  await kams.post('/operations/projections/agenda/rebuild', {});
  await eventually(async () =>
    expect((await kams.ask('/operations/projections/agenda/rebuild')).body).toMatchObject({ state: 'done' }),
  );
  expect((await kams.ask('/agenda?limit=200')).body.items).toHaveLength(20);
});

test('while the bus is away its views say that they are behind, all else goes on, and what waited comes', async () => {
  isAway = true;
  const { status, body } = await plan('Later');
  expect(status).toBe(201);
  expect((await kams.ask(`/visits/${body.id}?after=${body.position}`)).status).toBe(200);
  expect(await kams.ask(`/agenda?after=${body.position}`)).toMatchObject({ status: 503, body: { code: 'not-yet-projected' } });
  await eventually(async () => expect((await inboxOf('/operations/status'))?.failure).toMatch('10.1.2.3'));
  const ready = await kams.ask('/health/ready');
  expect(ready.status).toBe(200);
  expect(ready.text).not.toContain('10.1.2.3');
  expect(await metric('kams_inbox_failing')).toBe('1');
  expect(kams.logged()).toContain('nothing comes from Kafka');
  isAway = false;
  await eventually(async () => expect((await kams.ask(`/agenda?limit=200&after=${body.position}`)).status).toBe(200), 10_000);
  expect((await kams.ask('/agenda?limit=200')).body.items).toHaveLength(21);
});

test('one tenant sees nothing of another in it, and who answers queries can not reach what was collected', async () => {
  expect((await kams.ask('/agenda', { as: { tenantId: 'other' } })).body.items).toEqual([]);
  const rights = await kams.sql<{ may: boolean }>(`select has_table_privilege('kams_query', 'desk.inbox', 'select') as may`);
  expect(rights).toEqual([{ may: false }]);
});

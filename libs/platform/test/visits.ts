// A service as small as one can be, with one of everything that the platform makes routes of.
import { Controller } from '@nestjs/common';
import { command, contract, event, field } from '@kams/contracts/define';
import { localDate, text, uuid } from '@kams/contracts/values';
import { projection, table } from '@kams/eventing';
import { aggregate, refusing } from '@kams/eventing/pure';
import { z } from 'zod';
import { itemOf, itemSchema } from '../src/http/item';
import { list, one, pageOf, paging, sortBy } from '../src/http/list';
import { Asked, Read, type AskedFor } from '../src/http/read';
import { service } from '../src/service';

const visitId = field(uuid(), 'Visit', '拜访');
const accountId = field(uuid(), 'Account', '客户');
const day = field(localDate(), 'Day', '日期');
const subject = field(text(200), 'Subject', '主题');
const aVisit = { accountId: '0190f5a0-0000-7000-8000-000000000001', day: '2026-03-02', subject: 'Annual review' };

export const visitContract = contract({
  name: 'visit',
  plural: 'visits',
  label: { en: 'Visit', zh: '拜访' },
  description: 'A visit to a customer.',
  commands: {
    Plan: command({
      version: 1,
      label: { en: 'Plan visit', zh: '计划拜访' },
      description: 'Opens a visit.',
      opens: true,
      data: z.strictObject({ accountId, day, subject }),
      example: aVisit,
    }),
    Cancel: command({
      version: 1,
      label: { en: 'Cancel visit', zh: '取消拜访' },
      description: 'Calls a visit off.',
      data: z.strictObject({ reason: field(text(500), 'Reason', '原因') }),
      example: { reason: 'Ill' },
    }),
  },
  events: {
    VisitPlanned: event({
      version: 1,
      label: { en: 'Visit planned', zh: '拜访已计划' },
      description: 'A visit was planned.',
      public: 'visit.planned',
      data: z.strictObject({ visitId, accountId, day, subject }),
      example: { visitId: '0190f5a0-0000-7000-8000-000000000002', ...aVisit },
    }),
    VisitCancelled: event({
      version: 1,
      label: { en: 'Visit cancelled', zh: '拜访已取消' },
      description: 'A visit was called off.',
      data: z.strictObject({ visitId, reason: text(500) }),
      example: { visitId: '0190f5a0-0000-7000-8000-000000000002', reason: 'Ill' },
    }),
  },
  refusals: {
    'visit-exists': { en: 'This visit is planned already.', zh: '该拜访已存在。' },
    'visit-cancelled': { en: 'The visit was called off. Plan another one.', zh: '该拜访已取消，请另行计划。' },
  },
});

const refuse = refusing(visitContract);
type Visit = { is: 'none' | 'planned' | 'cancelled' };

const visit = aggregate(visitContract, { is: 'none' } as Visit)({
  decide: {
    Plan: ({ is }, data, { id }) =>
      is === 'none' ? [{ type: 'VisitPlanned', data: { visitId: id, ...data } }] : refuse('visit-exists'),
    Cancel: ({ is }, { reason }, { id }) =>
      is === 'cancelled' ? refuse('visit-cancelled') : [{ type: 'VisitCancelled', data: { visitId: id, reason } }],
  },
  evolve: { VisitPlanned: () => ({ is: 'planned' }), VisitCancelled: () => ({ is: 'cancelled' }) },
});

const visitTable = table(
  'visit',
  { tenant_id: 'text', id: 'uuid', revision: 'int', day: 'date', subject: 'text' },
  { primaryKey: ['tenant_id', 'id'], groupBy: 'id', indexes: ['tenant_id, day, id'] },
);
const visits = projection({ name: 'visits', from: [visitContract], table: visitTable })({
  VisitPlanned: (_, { id, tenantId, revision, data }) => ({
    tenant_id: tenantId,
    id,
    revision,
    day: data.day,
    subject: data.subject,
  }),
  VisitCancelled: () => undefined,
});

const FROM = { schema: 'field', table: visitTable, account: null } as const;
const listQuery = z.strictObject({
  ...paging,
  sort: sortBy('day', 'subject').default('day'),
  subject: z.string().max(200).optional(),
});
const item = itemSchema(visitTable);

@Controller('visits')
class VisitsController {
  @Read('', { summary: 'Visits', resource: 'visit', query: listQuery, answer: pageOf(item), shows: [visits] })
  async list(@Asked() { query: { subject, ...query }, reader }: AskedFor<typeof listQuery>) {
    const equal = { subject };
    const page = await list(reader, { ...FROM, equal, ...query });
    return { ...page, items: page.items.map(itemOf) };
  }

  @Read(':id', { summary: 'A visit', resource: 'visit', answer: item, shows: [visits] })
  async one(@Asked() { id, reader }: AskedFor) {
    return itemOf(await one(reader, FROM, id));
  }
}

export const fieldService = service({
  name: 'field',
  description: 'Visits to customers.',
  aggregates: [visit],
  projections: [visits],
  controllers: [VisitsController],
});

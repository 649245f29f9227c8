import { Controller, Res } from '@nestjs/common';
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { localDate } from '@kams/contracts/values';
import { startOfDay, type RowOf } from '@kams/eventing';
import type { PolicyVersion } from '@kams/methods/policy';
import { Asked, list, one, paging, Problem, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { scoringModels, scoringModelTable } from '../projections/scoring-models';
import { valueRecord } from '../projections/value-record';
import { SCHEMA } from '../schema';
import { scoringModelItem, scoringModelPage, whatIfAnswer } from './answers';
import { inOrder } from './in-order';
import { whatIf } from './what-if';

const FROM = { schema: SCHEMA, table: scoringModelTable, account: null } as const;
const listQuery = z.strictObject({ ...paging, sort: sortBy('name').default('name') });

const item = ({ id, revision, name, draft, versions }: RowOf<typeof scoringModelTable>) => ({
  id,
  revision,
  name,
  draft,
  versions,
});

type Published = PolicyVersion<ScoringModelContent>;
const whatIfQuestion = z.strictObject({
  from: localDate().meta({ description: 'The first day of the period, in UTC.' }),
  to: localDate().meta({ description: 'The last day.' }),
  version: z.int().min(1).optional().meta({ description: 'Of the model; absent: its draft.' }),
  limit: z.int().min(0).max(10_000).default(1_000).meta({ description: 'So many movers are listed; all are counted.' }),
});
const dayAfter = (day: string): string => DateTime.fromISO(day, { zone: 'utc' }).plus({ days: 1 }).toISODate()!;

@Controller('scoring-models')
export class ScoringModelsController {
  @Read('', {
    summary: 'Scoring models',
    resource: 'scoring_model',
    query: listQuery,
    answer: scoringModelPage,
    shows: [scoringModels],
  })
  async list(@Asked() { query, reader }: AskedFor<typeof listQuery>) {
    const page = await list(reader, { ...FROM, ...query });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', {
    summary: 'A scoring model with all its versions',
    resource: 'scoring_model',
    answer: scoringModelItem,
    shows: [scoringModels],
  })
  async one(@Asked() { id, reader }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const row = await one(reader, FROM, id);
    reply.header('etag', `"${row.revision}"`);
    return item(row);
  }

  @Read(':id/what-if', {
    summary: 'Who would stand at another tier under this model',
    resource: 'ranking',
    account: 'accountId',
    description:
      'Replays the assessments of a period, each with what was rated by then, under the draft of the model or one of its ' +
      'versions. Nothing is stored, and nobody moves. A move of several tiers, which a person decides, is taken as approved.',
    body: whatIfQuestion,
    example: { from: '2026-01-01', to: '2026-12-31' },
    answer: whatIfAnswer,
    shows: [scoringModels, valueRecord],
  })
  async whatIf(@Asked() { id, body, reader }: AskedFor<z.ZodType, typeof whatIfQuestion>) {
    const { from, to, version = null, limit } = inOrder(body);
    const { draft, versions } = item(await one(reader, FROM, id));
    const model = version === null ? draft : (versions as Published[]).find((it) => it.version === version)?.content;
    if (!model) {
      const reason = version === null ? 'is needed: the model has no draft' : 'is no version of this model';
      throw new Problem('invalid', { errors: [{ pointer: '/version', reason }] });
    }
    const { movers: items, ...found } = await whatIf(reader, {
      model: model as ScoringModelContent,
      from: startOfDay(from),
      before: startOfDay(dayAfter(to)),
      limit,
    });
    return { modelId: id, version, from, to, ...found, items };
  }
}

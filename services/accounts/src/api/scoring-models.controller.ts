import { Controller, Res } from '@nestjs/common';
import type { RowOf } from '@kams/eventing';
import { Asked, list, one, paging, Read, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { scoringModels, scoringModelTable } from '../projections/scoring-models';
import { SCHEMA } from '../schema';
import { scoringModelItem, scoringModelPage } from './answers';

const FROM = { schema: SCHEMA, table: scoringModelTable, account: null } as const;
const listQuery = z.strictObject({ ...paging, sort: sortBy('name').default('name') });

const item = ({ id, revision, name, draft, versions }: RowOf<typeof scoringModelTable>) => ({
  id,
  revision,
  name,
  draft,
  versions,
});

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
}

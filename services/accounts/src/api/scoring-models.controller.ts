import { Controller, Res } from '@nestjs/common';
import type { RowOf } from '@kams/eventing';
import { Asked, list, paging, Problem, quote, Read, Runtime, selectList, sortBy, type AskedFor } from '@kams/platform';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { scoringModels, scoringModelTable } from '../projections/scoring-models';
import { scoringModelItem, scoringModelPage } from './answers';

const SCHEMA = 'accounts';

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
  constructor(
    private readonly db: DataSource,
    private readonly runtime: Runtime,
  ) {}

  @Read('', { summary: 'Scoring models', query: listQuery, answer: scoringModelPage, shows: [scoringModels] })
  async list(@Asked() { query, tenantId, route }: AskedFor<typeof listQuery>) {
    const { cursorKey } = this.runtime;
    const page = await list(this.db, { schema: SCHEMA, table: scoringModelTable, tenantId, route, cursorKey, ...query });
    return { items: page.items.map(item), next: page.next };
  }

  @Read(':id', { summary: 'A scoring model with all its versions', answer: scoringModelItem, shows: [scoringModels] })
  async one(@Asked() { id, tenantId }: AskedFor, @Res({ passthrough: true }) reply: FastifyReply) {
    const [row] = await this.db.query<RowOf<typeof scoringModelTable>[]>(
      `select ${selectList(scoringModelTable)} from ${quote(SCHEMA)}.scoring_model where tenant_id = $1 and id = $2`,
      [tenantId, id],
    );
    if (!row) throw new Problem('not-found');
    reply.header('etag', `"${row.revision}"`);
    return item(row);
  }
}

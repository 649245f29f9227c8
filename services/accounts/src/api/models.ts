// Scoring models, as an answer needs them beside what it shows.
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import type { PolicyVersion } from '@kams/methods/policy';
import { quote, type Reader } from '@kams/platform';
import { scoringModelTable } from '../projections/scoring-models';
import { SCHEMA } from '../schema';

/** The published versions of each of these models. */
export async function modelsOf(
  reader: Reader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly PolicyVersion<ScoringModelContent>[]>> {
  if (ids.length === 0) return new Map();
  const rows = await reader.query<{ id: string; versions: readonly PolicyVersion<ScoringModelContent>[] }>(
    `select id, versions from ${quote(SCHEMA)}.${quote(scoringModelTable.name)} where tenant_id = $1 and id = any($2::uuid[])`,
    [reader.tenantId, ids],
  );
  return new Map(rows.map((it) => [it.id, it.versions]));
}

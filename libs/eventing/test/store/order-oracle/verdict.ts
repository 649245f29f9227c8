// What the writers were told and the readers were shown, against what is in the table.
import type { Attempt } from './attempt';

export interface StoredRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}

export interface Verdict {
  /** By kind; empty when all is well. */
  readonly failures: Readonly<Record<string, number>>;
  /** By each reader. */
  readonly missed: readonly number[];
  readonly doubled: number;
  readonly outOfOrder: number;
}

/** `shown`: the ids that each reader got, in its order. */
export function verdict(log: readonly StoredRow[], shown: readonly (readonly string[])[], attempts: readonly Attempt[]): Verdict {
  const failures: Record<string, number> = {};
  const fail = (kind: string, times = 1) => {
    if (times > 0) failures[kind] = (failures[kind] ?? 0) + times;
  };

  const byId = new Map<string, StoredRow>();
  const ends = new Map<string, number>();
  for (const [i, row] of log.entries()) {
    if (row.position !== i + 1) fail('a position is missing');
    if (byId.has(row.id)) fail('an event is stored twice');
    if (row.revision !== (ends.get(row.stream) ?? -1) + 1) fail('a stream is out of order');
    byId.set(row.id, row);
    ends.set(row.stream, row.revision);
  }

  const missed: number[] = [];
  let doubled = 0;
  let outOfOrder = 0;
  for (const ids of shown) {
    const seen = new Set(ids);
    missed.push(log.filter(({ id }) => !seen.has(id)).length);
    doubled += ids.length - seen.size;
    const positions = ids.map((id) => byId.get(id)?.position ?? 0);
    outOfOrder += positions.filter((position, i) => position < (positions[i - 1] ?? 0)).length;
    fail('a reader was shown what is not there', positions.filter((position) => position === 0).length);
  }
  for (const n of missed) fail('an event was missed by a reader', n);
  fail('an event was shown twice', doubled);
  fail('an event was shown out of order', outOfOrder);

  const acknowledged = new Set<string>();
  const doubtful = new Set<string>();
  for (const { answer, ids } of attempts) {
    if (answer === 'appended' || answer === 'duplicate') for (const id of ids) acknowledged.add(id);
    if (answer === 'unknown') for (const id of ids) doubtful.add(id);
  }
  for (const it of attempts) checkAttempt(it);
  fail(
    'an event is stored that nobody was told of',
    [...byId.keys()].filter((id) => !acknowledged.has(id) && !doubtful.has(id)).length,
  );

  function checkAttempt({ stream, expected, ids, answer, revision, position, before }: Attempt): void {
    const rows = ids.map((id) => byId.get(id));
    const there = rows.filter((row) => row !== undefined).length;
    if (there !== 0 && there !== ids.length) fail('half an append is stored');
    const exact = typeof expected === 'number' ? expected : expected === 'none' ? -1 : undefined;

    if (answer === 'appended' || answer === 'duplicate') {
      if (exact !== undefined && revision !== exact + ids.length) fail('an answer has not the expected revision');
      for (const [i, row] of rows.entries()) {
        const fromEnd = ids.length - 1 - i;
        if (!row) fail('an acknowledged event is not there');
        else if (row.stream !== stream || row.revision !== revision! - fromEnd) fail('an answer has the wrong revision');
        else if (row.position !== position! - fromEnd) fail('an answer has the wrong position');
      }
    }
    if (answer === 'conflict') {
      if (expected === 'any' || (expected === 'exists' ? revision !== undefined : exact === (revision ?? -1)))
        fail('a conflict has no reason');
      if (there > 0 && exact !== undefined) fail('a conflict, but it is stored');
    }
    if (answer === 'rolled back' && there > 0 && !ids.every((id) => acknowledged.has(id) || doubtful.has(id)))
      fail('what was rolled back is there');
    if (before && answer !== 'unknown') {
      if (answer !== 'duplicate' || revision !== before.revision || position !== before.position)
        fail('a repeat has not the first answer');
    }
  }

  return { failures, missed, doubled, outOfOrder };
}

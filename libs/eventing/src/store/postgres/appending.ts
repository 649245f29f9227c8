// A batch of appends as one statement.
import { point } from '../../point';
import type { Append } from '../append';
import type { Expected, Position } from '../port';
import { positionOf } from '../recorded';
import { elements, int2s, int4s, int8s, jsons, texts, uuids } from './binary-arrays';
import { instant, safe } from './columns';
import { appendError, isSpoiled, type Connections, type Row, type Statement } from './connection';
import type { BatchLog, Decided } from './group-commit';
import type { History } from './history';
import type { Tail } from './tail';

const APPEND: Statement = {
  name: 'es.append_batch',
  text: `select head, ${instant('recorded')}, last, refused from es.append_batch($1, $2, $3, $4, $5, $6, $7, $8)`,
};
const MADE_BEFORE: Statement = { name: 'es.made_before', text: 'select positions from es.made_before($1, $2, $3, $4)' };

/** Appends go to Postgres, and what was stored to the tail of this process and to those who follow the log in it. */
export function batchLog(connections: Connections, history: History, tail: Tail): BatchLog {
  async function one(statement: Statement, values: Buffer[]): Promise<Row> {
    try {
      return (await connections.ask(statement, values))[0]!;
    } catch (error) {
      throw appendError(error);
    }
  }

  return {
    async appendBatch(batch) {
      const known = history.head.position;
      point('append.before-lock');
      const [head, recordedAt, last, refused] = await one(APPEND, [...heads(batch), ...payloads(batch)]);
      point('append.after-commit');
      const before = safe(head!);
      const not = new Set(elements(refused!).map(Number));
      let position = before;
      let lastId: string | undefined;
      const decided = elements(last!).map((text, i): Decided => {
        const { stream, events } = batch[i]!;
        let revision = safe(text);
        if (not.has(i + 1)) return { appended: false, revision };
        for (const event of events) {
          revision++;
          position++;
          if (history.isFollowed) tail.add({ stream, revision, position, recordedAt: recordedAt! }, event);
          lastId = event.id;
        }
        return { appended: true, revision, position: positionOf(position) };
      });
      history.appended({ known, before, position, lastId });
      return decided;
    },

    async madeBefore(batch) {
      const [positions] = await one(MADE_BEFORE, heads(batch));
      return elements(positions!).map((text): Position | undefined => (text === 'NULL' ? undefined : positionOf(safe(text))));
    },

    isSpoiled,
  };
}

/** Stream and expected revision of each append; append and id of each event. */
const heads = (batch: readonly Append[]): Buffer[] => [
  texts(batch.map((it) => it.stream)),
  int8s(batch.map((it) => codeOf(it.expected))),
  int4s(batch.flatMap((it, i) => it.events.map(() => i + 1))),
  uuids(batch.flatMap((it) => it.events.map((event) => event.id))),
];

function payloads(batch: readonly Append[]): Buffer[] {
  const events = batch.flatMap((it) => it.events);
  return [
    texts(events.map((it) => it.type)),
    int2s(events.map((it) => it.schema)),
    jsons(events.map((it) => it.data)),
    jsons(events.map((it) => it.metadata)),
  ];
}

const CODES = { none: -1, any: -2, exists: -3 };
const codeOf = (expected: Expected): number => (typeof expected === 'number' ? expected : CODES[expected]);

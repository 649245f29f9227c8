// What the clients of a fault test did and were told, written as it happens, and whether a store of lists may have said it.
//
// A stream is a list: a command appends one value to it (its command id), a read shows all values in their order. Lists are
// judged as Jepsen's list-append workload is, each for itself. One process writes a history, so the order of its lines is
// the order in time: what was answered before another thing began comes before it in the file.
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

type Outcome = 'ok' | 'fail' | 'unknown';
export type Line =
  | { readonly op: number; readonly is: 'invoke'; readonly does: 'append'; readonly list: string; readonly value: string }
  | { readonly op: number; readonly is: 'invoke'; readonly does: 'read'; readonly list: string }
  | { readonly op: number; readonly is: Outcome; readonly values?: readonly string[] };

export interface Appending {
  /** It is stored. */
  ok(): void;
  /** It is not stored, and will not be. */
  fail(): void;
  /** It may be stored, now or later. */
  unknown(): void;
}

export interface History {
  readonly file: string;
  /** To be called before the command is sent. The same value may be sent again until it is told one way or the other. */
  append(list: string, value: string): Appending;
  /** To be called before the question; the answer has all values of the list. */
  read(list: string): (values: readonly string[]) => void;
  close(): Promise<void>;
}

export function openHistory(file: string): History {
  const out = createWriteStream(file, { flags: 'a' });
  let ops = 0;
  const write = (line: Line) => void out.write(`${JSON.stringify(line)}\n`);
  return {
    file,
    append(list, value) {
      const op = ops++;
      write({ op, is: 'invoke', does: 'append', list, value });
      const told = (is: Outcome) => () => write({ op, is });
      return { ok: told('ok'), fail: told('fail'), unknown: told('unknown') };
    },
    read(list) {
      const op = ops++;
      write({ op, is: 'invoke', does: 'read', list });
      return (values) => write({ op, is: 'ok', values });
    },
    async close() {
      out.end();
      await once(out, 'close');
    },
  };
}

export async function readHistory(file: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const text of createInterface({ input: createReadStream(file) })) lines.push(JSON.parse(text) as Line);
  return lines;
}

export type Fault =
  /** A read lacks a value that was acknowledged before it began. */
  | 'lost'
  | 'doubled'
  /** A value is there that was refused, or that nobody had sent by then. */
  | 'refused but there'
  | 'there before it was sent'
  /** Of two reads neither is the beginning of the other. */
  | 'forked'
  /** A later read shows less. */
  | 'shrunk'
  /** A value stands in front of one that was acknowledged before it was sent. */
  | 'out of order'
  /** Nobody read the list after its last answer: nothing can be said of it. */
  | 'not read';

export interface Judgement {
  readonly lists: number;
  readonly reads: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Of the unknown ones. */
  readonly unknownStored: number;
  readonly faults: readonly { readonly is: Fault; readonly list: string; readonly value?: string }[];
}

interface Value {
  /** Instants, as numbers of lines. */
  readonly sent: number;
  acknowledged: number;
  /** Attempts that may have stored it. */
  open: number;
}
interface Read {
  readonly began: number;
  ended: number;
  values: readonly string[];
}
interface List {
  readonly values: Map<string, Value>;
  readonly reads: Read[];
}

export function check(lines: Iterable<Line>): Judgement {
  const lists = listsOf(lines);
  const faults: Judgement['faults'][number][] = [];
  const count = { acknowledged: 0, refused: 0, unknown: 0, unknownStored: 0, reads: 0 };
  for (const [list, { values, reads }] of lists) {
    const fault = (is: Fault, value?: string) => faults.push({ is, list, value });
    const answered = reads.filter((it) => it.ended < Infinity);
    const longest = answered.reduce<readonly string[]>((most, it) => (it.values.length > most.length ? it.values : most), []);
    count.reads += answered.length;

    for (const it of answered) {
      const seen = new Set(it.values);
      if (it.values.some((value, i) => value !== longest[i])) fault('forked');
      if (answered.some((before) => before.ended < it.began && before.values.length > it.values.length)) fault('shrunk');
      for (const value of it.values) {
        const { sent = Infinity } = values.get(value) ?? {};
        if (sent > it.ended) fault('there before it was sent', value);
      }
      for (const [value, { acknowledged }] of values) if (acknowledged < it.began && !seen.has(value)) fault('lost', value);
    }
    const stored = new Set(longest);
    if (stored.size < longest.length) {
      const once = new Set<string>();
      for (const value of longest) if (once.size === once.add(value).size) fault('doubled', value);
    }
    // From the end: what is acknowledged first of all that stands behind.
    let first = Infinity;
    for (const value of longest.toReversed()) {
      const it = values.get(value);
      if (!it) continue;
      if (first < it.sent) fault('out of order', value);
      first = Math.min(first, it.acknowledged);
    }
    let last = 0;
    for (const [value, { acknowledged, open }] of values) {
      const isStored = stored.has(value);
      if (acknowledged < Infinity) {
        count.acknowledged++;
        last = Math.max(last, acknowledged);
      } else if (open > 0) {
        count.unknown++;
        if (isStored) count.unknownStored++;
      } else {
        count.refused++;
        if (isStored) fault('refused but there', value);
      }
    }
    if (!answered.some((it) => it.began > last)) fault('not read');
  }
  return { lists: lists.size, ...count, faults };
}

function listsOf(lines: Iterable<Line>): Map<string, List> {
  const lists = new Map<string, List>();
  const ops = new Map<number, { readonly value?: Value; readonly read?: Read }>();
  let at = 0;
  for (const line of lines) {
    at++;
    if (line.is === 'invoke') {
      const list: List = lists.get(line.list) ?? { values: new Map(), reads: [] };
      lists.set(line.list, list);
      if (line.does === 'read') {
        const read: Read = { began: at, ended: Infinity, values: [] };
        list.reads.push(read);
        ops.set(line.op, { read });
      } else {
        const value = list.values.get(line.value) ?? { sent: at, acknowledged: Infinity, open: 0 };
        list.values.set(line.value, value);
        value.open++;
        ops.set(line.op, { value });
      }
      continue;
    }
    const { value, read } = ops.get(line.op) ?? {};
    if (read && line.values) Object.assign(read, { ended: at, values: line.values });
    if (value && line.is === 'ok') value.acknowledged = Math.min(value.acknowledged, at);
    if (value && line.is === 'fail') value.open--;
  }
  return lists;
}

/** Until the next read. A long list is read less often: one that is repeated in full all the time outgrows the checker's memory. */
export const pauseAfter = (values: number, leastMs: number): number => Math.max(leastMs, values ** 2 / 20_000);

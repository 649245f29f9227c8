// Reading streams. Plain reads of one turn of the event loop go together: the commands of a bulk load 1,000 streams at once.
// Measured for 1,000 streams against a statement each on 8 connections: 10 events each 47 against 96 ms, the last one of each
// 10 against 59 ms; up to 8 streams it makes no difference.
import { LogDamaged, type ReadOptions, type Recorded } from '../port';
import { numberOf } from '../recorded';
import { FIELDS, toRecorded } from './columns';
import type { Connections, Row, Statement } from './connection';
import { bytesBefore, PAGE_BYTES, read, removedBetween } from './reading';

const PAGE_EVENTS = 1_000;
/** Of each stream when several are read together; a longer one is read on alone. */
const SHARE = { events: 100, bytes: 65_536 };
const STREAMS_AT_A_TIME = 256;

const FORWARDS: Statement = {
  name: 'es.stream',
  text: `select * from (
           select e.position, ${FIELDS}, ${bytesBefore('e.revision')} as before
             from (select * from es.events where stream_id = $1 and revision >= $2 order by revision limit $3) e) q
          where before < ${PAGE_BYTES} order by revision`,
};
const BACKWARDS: Statement = {
  name: 'es.stream_backwards',
  text: `select * from (
           select e.position, ${FIELDS}, ${bytesBefore('e.revision desc')} as before
             from (select * from es.events where stream_id = $1 and revision <= $2 order by revision desc limit $3) e) q
          where before < ${PAGE_BYTES} order by revision desc`,
};
/** `found`: how many a stream has in its share without the limit of bytes. */
const SEVERAL: Statement = {
  name: 'es.streams',
  text: `select q.*, a.no from unnest($1::text[], $2::bigint[]) with ordinality a(stream, start, no)
          cross join lateral (
           select e.position, ${FIELDS}, ${bytesBefore('e.revision')} as before, count(*) over () as found
             from (select * from es.events where stream_id = a.stream and revision >= a.start order by revision limit ${SHARE.events}) e) q
          where before < ${SHARE.bytes} order by a.no, q.revision`,
};
const FOUND = 10;
const NO = 11;

interface Waiting {
  readonly stream: string;
  readonly from: number;
  resolve(events: readonly Recorded[]): void;
  reject(error: unknown): void;
}

export class StreamReader {
  private waiting: Waiting[] = [];

  constructor(private readonly connections: Connections) {}

  /** @throws Unavailable, LogDamaged */
  read(stream: string, { from, backwards = false, limit }: ReadOptions): Promise<readonly Recorded[]> {
    if (backwards) return this.pages(BACKWARDS, stream, from ?? Number.MAX_SAFE_INTEGER, limit ?? Infinity);
    if (limit !== undefined) return this.pages(FORWARDS, stream, from ?? 0, limit);
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => this.flush());
      this.waiting.push({ stream, from: from ?? 0, resolve, reject });
    });
  }

  private flush(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (let i = 0; i < waiting.length; i += STREAMS_AT_A_TIME) void this.several(waiting.slice(i, i + STREAMS_AT_A_TIME));
  }

  private async several(group: readonly Waiting[]): Promise<void> {
    try {
      const [first] = group;
      if (group.length === 1) return first!.resolve(await this.pages(FORWARDS, first!.stream, first!.from, Infinity));
      const rows = await read(this.connections, SEVERAL, [group.map((it) => it.stream), group.map((it) => it.from)]);
      const rowsOf = group.map((): Row[] => []);
      for (const row of rows) rowsOf[Number(row[NO]) - 1]!.push(row);
      await Promise.all(group.map(async (it, i) => it.resolve(await this.rest(it, rowsOf[i]!))));
    } catch (error) {
      for (const it of group) it.reject(error);
    }
  }

  /** The share of a stream, and what it has beyond. */
  private async rest({ stream, from }: Waiting, rows: readonly Row[]): Promise<readonly Recorded[]> {
    const share = await this.checked(rows, from);
    const found = Number(rows[0]?.[FOUND] ?? 0);
    if (rows.length === found && found < SHARE.events) return share;
    return [...share, ...(await this.pages(FORWARDS, stream, share.at(-1)!.revision + 1, Infinity))];
  }

  private async pages(statement: Statement, stream: string, from: number, limit: number): Promise<readonly Recorded[]> {
    const events: Recorded[] = [];
    const step = statement === FORWARDS ? 1 : -1;
    for (let at = from; events.length < limit && at >= 0;) {
      const rows = await read(this.connections, statement, [stream, at, Math.min(PAGE_EVENTS, limit - events.length)]);
      if (rows.length === 0) break;
      const beyondTheEnd = step < 0 && events.length === 0;
      const page = await this.checked(rows, beyondTheEnd ? undefined : at);
      events.push(...page);
      at = page.at(-1)!.revision + step;
    }
    return events;
  }

  /** A revision that is not there was removed on purpose, or the stream is damaged: its state must not be folded. */
  private async checked(rows: readonly Row[], from: number | undefined): Promise<Recorded[]> {
    const events = rows.map(toRecorded);
    const [first] = events;
    const last = events.at(-1);
    if (!first || !last) return events;
    const holes = Math.abs(last.revision - (from ?? first.revision)) + 1 - events.length;
    const newest = numberOf(first.position > last.position ? first.position : last.position);
    if (holes !== 0 && (await removedBetween(this.connections, 0, newest)) < holes) {
      throw new LogDamaged(
        `${first.stream}: ${holes} events up to revision ${last.revision} are missing, and were not removed on purpose`,
      );
    }
    return events;
  }
}

// Reading the log: pages by position, and one event. Every position is checked: a hole that nobody made is damage.
import { LogDamaged, type Filter, type Page, type Position, type Recorded } from '../port';
import { numberOf, positionOf } from '../recorded';
import { FIELDS, safe, toRecorded } from './columns';
import { readError, type Connections, type Row, type Statement } from './connection';

/** Of the JSON text of one page: 1,000 events of 1 MB would be more than a process can hold. */
export const PAGE_BYTES = 8_000_000;
/** The JSON text of the rows of a page before this one. */
export const bytesBefore = (order: string): string =>
  `coalesce(sum(octet_length(e.data::text) + octet_length(e.metadata::text))
     over (order by ${order} rows between unbounded preceding and 1 preceding), 0)`;

/** An event that is not wanted comes as its position alone: 0.4 of the time of a whole one. */
const ALL: Statement = {
  name: 'es.all',
  text: `select * from (
           select p.position, ${FIELDS}, ${bytesBefore('p.position')} as before
             from (select * from es.events where position > $1 order by position limit $2) p
             left join lateral (select p.* where $3::text[] is null or split_part(p.stream_id, '-', 1) = any($3)) e on true) q
          where before < ${PAGE_BYTES} order by position`,
};
const AT: Statement = { name: 'es.at', text: `select e.position, ${FIELDS} from es.events e where position = $1` };
const REMOVED: Statement = {
  name: 'es.removed',
  text: 'select coalesce(sum(least(last, $2) - greatest(first, $1 + 1) + 1), 0) from es.removed where last > $1 and first <= $2',
};

/** @throws Unavailable, LogDamaged */
export async function read(connections: Connections, statement: Statement, values: unknown[]): Promise<Row[]> {
  try {
    return await connections.ask(statement, values);
  } catch (error) {
    throw readError(error);
  }
}

export async function readPage(
  connections: Connections,
  after: number,
  limit: number,
  filter: Filter | undefined,
): Promise<Page> {
  const rows = await read(connections, ALL, [after, limit, filter?.categories ?? null]);
  const events: Recorded[] = [];
  let last = after;
  let holes = 0;
  for (const row of rows) {
    const position = safe(row[0]!);
    holes += position - last - 1;
    last = position;
    if (row[1] !== null) events.push(toRecorded(row));
  }
  if (holes > 0) {
    const removed = await removedBetween(connections, after, last);
    if (removed !== holes) {
      throw new LogDamaged(
        `${holes} positions between ${after} and ${last} have no event, but ${removed} were removed on purpose`,
      );
    }
  }
  return { events, position: positionOf(last) };
}

export async function readAt(connections: Connections, position: Position): Promise<Recorded | undefined> {
  const [row] = await read(connections, AT, [numberOf(position)]);
  return row && toRecorded(row);
}

/** How many positions in (after, upTo] were removed on purpose. */
export async function removedBetween(connections: Connections, after: number, upTo: number): Promise<number> {
  const [row] = await read(connections, REMOVED, [after, upTo]);
  return safe(row![0]!);
}

// What other services have said, in the schema of the service that collects it. Nothing in it is personal: what is leaves no
// service.
import { newInbox, type CloudEvent, type InboxPlace, type InboxRows, type Kept } from '@kams/eventing';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { changingTables, run } from './changing-tables';
import { quote } from './ddl';
import { fence } from './leases';

/** The event as text: it is given as it came, and no query looks into it. */
const tables = (schema: string): readonly string[] => [
  `create table if not exists ${quote(schema)}.inbox (
     producer text collate "C" not null, position bigint not null, stream text collate "C" not null, revision integer not null,
     event json not null, primary key (producer, position), unique (producer, stream, revision))`,
  `create table if not exists ${quote(schema)}.inbox_place (
     producer text collate "C" primary key, version bigint not null, place json not null) with (fillfactor = 50)`,
];

export async function postgresInbox(source: DataSource, schema: string, producer: string): Promise<InboxRows> {
  const events = `${quote(schema)}.inbox`;
  const places = `${quote(schema)}.inbox_place`;
  await changingTables(source, schema, (manager) => run(manager, tables(schema)));
  const kept = (rows: readonly { readonly position: string; readonly event: CloudEvent }[]): readonly Kept[] =>
    rows.map(({ position, event }) => ({ position: Number(position), event }));

  return {
    async place() {
      const found = () => source.query<{ place: InboxPlace }[]>(`select place from ${places} where producer = $1`, [producer]);
      const [row] = await found();
      if (row) return row.place;
      await source.query(`insert into ${places} values ($1, 0, $2) on conflict do nothing`, [
        producer,
        JSON.stringify(newInbox(randomUUID())),
      ]);
      return (await found())[0]!.place;
    },

    async revisions(streams) {
      const rows = await source.query<{ stream: string; revision: number }[]>(
        `select s.stream, last.revision from unnest($2::text[]) s (stream), lateral (
           select revision from ${events} e where e.producer = $1 and e.stream = s.stream order by revision desc limit 1) last`,
        [producer, streams],
      );
      return new Map(rows.map((it) => [it.stream, it.revision]));
    },

    async add(from, to, added, proof) {
      const rows = added.map((event, i) => ({
        position: from.position + 1 + i,
        stream: event.partitionkey,
        revision: Number(event.sequence),
        event,
      }));
      const { sql, values } = fence(schema, proof, 6);
      const [moved] = await source.query<unknown[]>(
        `${sql}, moved as (
           update ${places} set version = $5, place = $2 where producer = $1 and version = $3 and exists (select from mine)
             returning 1),
         added as (
           insert into ${events} select $1, r.* from moved,
             json_to_recordset($4) r (position bigint, stream text, revision integer, event json))
         select from moved`,
        [producer, JSON.stringify(to), from.version, JSON.stringify(rows), to.version, ...values],
      );
      return moved !== undefined;
    },

    async read(after, limit) {
      return kept(
        await source.query(
          `select position, event from ${events} where producer = $1 and position > $2 order by position limit $3`,
          [producer, after, limit],
        ),
      );
    },

    async at(position) {
      return kept(
        await source.query(`select position, event from ${events} where producer = $1 and position = $2`, [producer, position]),
      )[0];
    },

    async stream(stream, from) {
      return kept(
        await source.query(
          `select position, event from ${events} where producer = $1 and stream = $2 and revision >= $3 order by revision`,
          [producer, stream, from],
        ),
      );
    },
  };
}

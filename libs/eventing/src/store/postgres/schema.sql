-- The log. Run once, by install.ts, which says too who may do what with it.
create schema es;

create table es.store (                             -- one row: who this store is
  one     boolean primary key default true check (one),
  version integer not null,                         -- of this schema; install.ts writes it
  epoch   uuid    not null default gen_random_uuid(),
  cluster bigint  not null                          -- pg_control_system().system_identifier of the server the log was written on
);

create table es.events (
  position       bigint      not null,              -- 1, 2, 3, ... in commit order, without holes
  revision       bigint      not null,
  recorded_at    timestamptz not null,              -- fixed-width columns first: no padding
  event_id       uuid        not null,
  schema_version smallint    not null,
  stream_id      text collate "C" not null,         -- byte order: the same on every machine and after every upgrade of its locales
  type           text collate "C" not null,
  data           json        not null,              -- kept as written; jsonb was 8-36% slower and 15% more WAL
  metadata       json        not null,
  primary key (position),
  unique (stream_id, revision)                      -- the version check reads its end; a second net if the lock is ever missed
);
-- No index on event_id (38 bytes and 85-90 bytes of WAL an event): retries are found by id and revision, see append.sql.
-- No table of streams: the index above knows the last revision of each; the table cost a third of the throughput.

create table es.removed (                           -- positions that were taken out on purpose: not damage
  first      bigint primary key,
  last       bigint not null check (last >= first),
  removed_at timestamptz not null default now()
);

-- Payloads above 2 KB are compressed; lz4 is the faster one where the server was built with it.
do $$ begin
  alter table es.events alter data set compression lz4, alter metadata set compression lz4;
exception when feature_not_supported then null;
end $$;

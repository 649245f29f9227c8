// The limit: the same rows by COPY into a table of the same shape. It checks no revision and answers no caller.
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { newId } from '@kams/eventing/run/ids';
import { contend, type Contender } from './contender';
import { nextEvent, streamsOf } from './events';

const ROWS = 1_000;
const TABLE = `create table if not exists events (
  position bigint not null, revision bigint not null, recorded_at timestamptz not null, event_id uuid not null,
  schema_version smallint not null, stream_id text collate "C" not null, type text collate "C" not null,
  data json not null, metadata json not null, primary key (position), unique (stream_id, revision))`;

/** In the text format of COPY only a backslash must be escaped: JSON text has no bare tab or line break. */
const escaped = (json: string): string => (json.includes('\\') ? json.replaceAll('\\', '\\\\') : json);

async function open(connectionString: string): Promise<Contender> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(TABLE);
  let position = 0;
  return {
    caller() {
      const next = streamsOf('copy');
      return async () => {
        const copy = client.query(copyFrom('copy events from stdin'));
        const recordedAt = new Date().toISOString();
        let rows = '';
        for (let i = 0; i < ROWS; i++) {
          const { stream, revision } = next();
          const { type, data, metadata } = nextEvent();
          const texts = [JSON.stringify(data), JSON.stringify(metadata)].map(escaped);
          rows += `${++position}\t${revision + 1}\t${recordedAt}\t${newId()}\t1\t${stream}\t${type}\t${texts.join('\t')}\n`;
        }
        const idle = once(client, 'drain');
        copy.end(rows);
        await finished(copy);
        await idle;
        return ROWS;
      };
    },
    close: () => client.end(),
  };
}

contend(open);

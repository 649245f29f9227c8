import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { Pool } from 'pg';
import { contend, type Contender } from './contender';
import { nextEvent, streamsOf } from './events';

/** 8, 16 and 32 connections stored equally much, within a tenth. */
const CONNECTIONS = 16;

async function open(connectionString: string): Promise<Contender> {
  const pool = new Pool({ connectionString, max: CONNECTIONS });
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { connector: 'PostgreSQL:pg', pool } });
  await store.schema.migrate();
  return {
    caller() {
      const next = streamsOf('emmett');
      return async () => {
        const { stream, revision } = next();
        const expectedStreamVersion = revision < 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(revision + 1);
        await store.appendToStream(stream, [nextEvent()], { expectedStreamVersion });
        return 1;
      };
    },
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

contend(open);

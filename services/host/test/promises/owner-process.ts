// A process that runs the accounts on a database of the test, and stops itself where it is told.
import './stop-at';
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { memoryPersonKeys, Vault } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { Runtime } from '@kams/platform';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import pino from 'pino';

async function main(url: string, leaseMs: number): Promise<void> {
  const store = await postgresStore({ connection: url, poolSize: 3, onError: () => undefined });
  const readDatabase = await openReadDatabase({ url, poolSize: 8, onError: () => undefined });
  const key = Buffer.alloc(32, 7);
  const runtime = new Runtime({
    services: [accountsService],
    store,
    readDatabase,
    hashKey: key,
    vault: new Vault(memoryPersonKeys(), key),
    cursorKey: key,
    administrators: [],
    readWaitMs: 1_000,
    log: pino({ level: 'silent' }),
    leaseMs,
  });
  await runtime.start();
  process.send!(runtime.owner);
}

void main(process.env['KAMS_TEST_DATABASE']!, Number(process.env['KAMS_TEST_LEASE_MS']));

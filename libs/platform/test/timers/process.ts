// The bells in a process of their own, at a clock that the test gives. It is killed.
import 'reflect-metadata';
import { memoryPersonKeys, Vault } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { Runtime } from '../../src';
import { openReadDatabase } from '../../src/read-model/read-database';
import pino from 'pino';
import { bells } from './bell';

async function main([url, now]: readonly string[]): Promise<void> {
  const store = await postgresStore({ connection: url!, poolSize: 3 });
  const readDatabase = await openReadDatabase({ url: url!, poolSize: 4, onError: () => undefined });
  const key = Buffer.alloc(32, 7);
  const runtime = new Runtime({
    services: [bells],
    store,
    readDatabase,
    hashKey: key,
    vault: new Vault(memoryPersonKeys(), key),
    cursorKey: key,
    administrators: [],
    readWaitMs: 1_000,
    log: pino({ level: 'silent' }),
    now: () => new Date(now!),
    timerEveryMs: 10,
    alone: true, // the one before was killed
  });
  await runtime.start();
  process.send!('started');
}

process.on('disconnect', () => process.exit());
void main(process.argv.slice(2));

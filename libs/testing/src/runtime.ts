// Services at work on a database that others work on as well: connections of their own, as another process has them, and no HTTP.
import { memoryPersonKeys, Vault } from '@kams/eventing';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { Runtime, type RuntimeOptions } from '@kams/platform';
import { openReadDatabase } from '@kams/platform/read-model/read-database';
import type { Service } from '@kams/platform/service';
import pino from 'pino';

export interface TestRuntime {
  readonly runtime: Runtime;
  stop(): Promise<void>;
}

/** `services` on the database at `url`; nobody's keys are known to it. It has not started to work before it is told to. */
export async function openRuntime(
  services: readonly Service[],
  url: string,
  options: Partial<RuntimeOptions> = {},
): Promise<TestRuntime> {
  const onError = () => undefined;
  const store = await postgresStore({ connection: url, poolSize: 3, onError });
  const readDatabase = await openReadDatabase({ url, poolSize: 4, onError });
  const key = Buffer.alloc(32, 7);
  const runtime = new Runtime({
    services,
    store,
    readDatabase,
    hashKey: key,
    vault: new Vault(memoryPersonKeys(), key),
    cursorKey: key,
    administrators: [],
    readWaitMs: 1_000,
    log: pino({ level: 'silent' }),
    ...options,
  });
  return {
    runtime,
    async stop() {
      await runtime.stop();
      await readDatabase.destroy();
      await store.close();
    },
  };
}

// The accounts service in a process of its own, with real HTTP and real tokens.
import { setTimeout as sleep } from 'node:timers/promises';
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { account } from '@kams/accounts/domain/account';
import { readConfig } from '@kams/platform/config/read-config';
import { startServices } from '@kams/platform/run/run-service';
import { openDevelopmentIssuer } from '@kams/platform/tokens/development-issuer';
import pino from 'pino';
import { serve } from './child';
import { freePort } from '@kams/platform/embedded-postgres/free-port';

export interface ServerOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  /** Without them a command is all that the process does. */
  readonly projections: boolean;
}

const who = { subject: 'developer', tenantId: 'acme' };

const start = async ({ databaseUrl, folder, projections }: ServerOptions) => {
  const config = readConfig({ KAMS_POSTGRES_URL: databaseUrl, KAMS_DATA: folder, KAMS_PORT: String(await freePort()) });
  const service = projections ? accountsService : { ...accountsService, projections: [] };
  const { url, runtime, stop } = await startServices([service], config, pino({ level: 'warn' }, pino.destination(2)));
  const issuer = await openDevelopmentIssuer(config);
  return {
    async address() {
      return { url, token: await issuer.mint(who) };
    },

    /** The ids of new accounts. */
    async accounts(count: number) {
      const register = async (_: unknown, i: number) => {
        const data = { profile: { name: `Account ${i}` } };
        const { id } = await runtime.commands.handle(account, {
          type: 'Register',
          data,
          tenantId: who.tenantId,
          actor: who.subject,
        });
        return id;
      };
      return Promise.all(Array.from({ length: count }, register));
    },

    /** Waits until every projection has caught up; how many events the last one was behind. */
    async settle() {
      const { position } = await runtime.store.head();
      const behind = runtime.projections().map((it) => Number(position) - Number(it.position()));
      while (runtime.projections().some((it) => it.position() < position)) await sleep(10);
      return Math.max(0, ...behind);
    },

    close: stop,
  };
};
export type ServerJobs = Awaited<ReturnType<typeof start>>;

serve(start);

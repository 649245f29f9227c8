// What does a command cost over HTTP, beside a handler that only stores?
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@kams/eventing/run/ids';
import { startChild, type Child, type Jobs } from '../child';
import { medians, ratio, type Table } from '../report';
import type { ServerJobs, ServerOptions } from '../server';
import { checkpoint, freshDatabase, WARM_UP_MS, type Measurement } from '../setting';
import type { BareJobs } from './bare-server';
import type { Loaded, LoadJobs } from './load';

const CONNECTIONS = 64;
const ACCOUNTS = 16 * CONNECTIONS;
const AT_LEAST = 0.8;

const COMMANDS = { register: 'POST /accounts', rate: 'POST /accounts/{id}/rate-criterion' } as const;
type Command = keyof typeof COMMANDS;

const SERVERS = ['bare', 'commands', 'service'] as const;
type Server = (typeof SERVERS)[number];
const EXPLAINED: Record<Server, string> = {
  bare: 'bare Fastify',
  commands: 'commands alone',
  service: 'with projections',
};

export const command: Measurement = {
  about: `commands over HTTP by ${CONNECTIONS} connections, beside a bare Fastify handler`,

  async measure({ postgres, ms, rounds, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'kams-bench-command-'));
    const children: { stop(): Promise<void> }[] = [];
    const started = <J extends Jobs>(child: Child<J>): Child<J> => {
      children.push(child);
      return child;
    };
    const results: Record<Command, Record<Server, Loaded[]>> = {
      register: { bare: [], commands: [], service: [] },
      rate: { bare: [], commands: [], service: [] },
    };
    const behind: number[] = [];
    try {
      const load = started(startChild<LoadJobs>(join(__dirname, 'load')));
      const bare = started(startChild<BareJobs>(join(__dirname, 'bare-server'), await freshDatabase(postgres, 'command_bare')));
      const ours = async (name: 'commands' | 'service') => {
        const databaseUrl = await freshDatabase(postgres, `command_${name}`);
        const options: ServerOptions = { databaseUrl, folder: join(folder, name), projections: name === 'service' };
        return started(startChild<ServerJobs>(join(__dirname, '../server'), options));
      };
      const commands = await ours('commands');
      const service = await ours('service');
      const servers: Record<Server, Child<BareJobs>> = { bare, commands, service };
      const accounts = {
        bare: Array.from({ length: ACCOUNTS }, newId),
        commands: await commands.ask('accounts', ACCOUNTS),
        service: await service.ask('accounts', ACCOUNTS),
      };

      // Round 0 is not counted: until some thousand requests have passed, what runs is not compiled.
      for (let round = 0; round <= rounds; round++) {
        for (const which of ['register', 'rate'] as const) {
          progress(`command: round ${round} of ${rounds}, ${COMMANDS[which]}`);
          for (let i = 0; i < SERVERS.length; i++) {
            const name = SERVERS[(i + round) % SERVERS.length]!;
            const server = servers[name];
            await checkpoint(postgres);
            const measured = await load.ask('run', {
              ...(await server.ask('address')),
              rate: which === 'rate' ? accounts[name] : [],
              connections: CONNECTIONS,
              warmUpMs: WARM_UP_MS,
              ms,
              serverPid: server.pid,
              postgresPid: postgres.pid,
            });
            const late = name === 'service' ? await service.ask('settle') : 0;
            if (round === 0) continue;
            results[which][name].push(measured);
            behind.push(late);
          }
        }
      }
    } finally {
      for (const it of children.reverse()) await it.stop();
      await rm(folder, { recursive: true, force: true });
    }
    return tables(results, Math.max(...behind));
  },
};

function tables(results: Record<Command, Record<Server, Loaded[]>>, behind: number): Table[] {
  const which = Object.keys(COMMANDS) as Command[];
  return [
    {
      title: `command over HTTP, ${CONNECTIONS} connections: share of what a bare handler does`,
      columns: ['command', 'commands alone', 'aim', 'with projections', 'events behind at the end'],
      rows: which.map((it) => {
        const { bare, commands, service } = results[it];
        return [COMMANDS[it], ratio(commands, bare), AT_LEAST, ratio(service, bare), behind];
      }),
    },
    {
      title: 'command over HTTP: medians',
      columns: ['command, server', 'requests/s', 'p50 ms', 'p99 ms', 'node us', 'postgres us', 'sender us'],
      rows: which.flatMap((it) =>
        SERVERS.map((name) => {
          const { perSecond, p50, p99, nodeUs, postgresUs, senderUs } = medians(results[it][name]);
          return [`${it}, ${EXPLAINED[name]}`, perSecond, p50, p99, nodeUs, postgresUs, senderUs];
        }),
      ),
    },
  ];
}

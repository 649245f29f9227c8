// kams doctor: looks at everything that an installation needs, and says what to do about each thing that is not right.
import { existsSync } from 'node:fs';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BadConfig } from '@kams/platform/config/bad-config';
import { openKeys } from '@kams/platform/config/keys';
import { runningEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import type { Setting } from '@kams/platform/config/settings';
import { kafkaOptions } from '@kams/platform/run/kafka-options';
import { isPublished, topicOf, Unavailable } from '@kams/eventing';
import { kafkaBus, type KafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { Refused } from '@kams/eventing/bus/kafka/refusal';
import { epochOf } from '@kams/eventing/store/eventstoredb/eventstoredb-store';
import { rolesOf, rolesSql } from '@kams/eventing/store/postgres/roles';
import { tenantFaults } from '@kams/platform/read-model/tenants';
import { Client } from 'pg';
import { allServices } from './all-services';
import { CLI_SETTINGS, hostUrl, readCliConfig, tokensOf, type CliConfig, type Identity } from './connection';
import { Failure } from './failure';
import { HostClient } from './host-client';
import type { Status } from './status';
import type { Terminal } from './terminal';

export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly says: string;
  /** What to do about it. */
  readonly cure?: string;
}

const ok = (what: string, says: string): Finding => ({ what, state: 'ok', says });
const warning = (what: string, says: string, cure: string): Finding => ({ what, state: 'warning', says, cure });
const wrong = (what: string, says: string, cure: string): Finding => ({ what, state: 'wrong', says, cure });

export interface DoctorOptions {
  /** There is no host yet: what it stands on is looked at, and nothing is asked of it. */
  readonly beforeStart?: boolean;
}

export async function examine(terminal: Terminal, identity: Identity, { beforeStart }: DoctorOptions = {}): Promise<void> {
  const { env, signal } = terminal.streams;
  const findings = [nodeVersion(process.versions.node)];
  let config: CliConfig | undefined;
  try {
    config = readCliConfig(env);
    findings.push(ok('settings', 'all can be read'));
  } catch (error) {
    if (!(error instanceof BadConfig)) throw error;
    findings.push(...error.lines.map((line) => wrong('settings', line, 'mend it in the environment')));
  }
  if (config) {
    findings.push(await dataFolder(config.data), await diskSpace(config.data));
    findings.push(...(await database(config)), ...(await eventStore(config)), ...(await kafka(config)));
    if (!beforeStart) findings.push(...(await host(hostUrl(env, config), config, identity, signal)));
  }
  const settings = settingsIn(env);
  if (terminal.json) terminal.print(JSON.stringify({ findings, settings }));
  else {
    for (const { what, state, says, cure } of findings)
      terminal.print(`${state.padEnd(8)} ${what.padEnd(12)} ${says}${cure ? ` -> ${cure}` : ''}`);
    terminal.print('');
    terminal.table(settings.map(({ key, value, from }) => [key, value, from]));
  }
  const count = findings.filter((it) => it.state === 'wrong').length;
  if (count > 0) throw new Failure(`${count} of ${findings.length} checks found something wrong; each line says what to do.`);
}

const LEAST_NODE = [20, 19] as const;

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return enough ? ok('node', version) : wrong('node', version, `install Node ${LEAST_NODE.join('.')} or newer`);
}

interface ShownSetting {
  readonly key: string;
  readonly value: string;
  readonly from: 'environment' | 'file' | 'default' | 'not set';
}

/** The settings table with what holds here; of a secret only that it is there. */
export function settingsIn(env: NodeJS.ProcessEnv): ShownSetting[] {
  const production = env[CLI_SETTINGS.mode.key] === 'production';
  return Object.values<Setting>(CLI_SETTINGS).map(({ key, default: usual, defaultInProduction, secret }) => {
    const given = env[key];
    if (given !== undefined) return { key, value: secret ? '***' : given, from: 'environment' };
    if (secret && env[`${key}_FILE`] !== undefined) return { key, value: '***', from: 'file' };
    const standard = (production ? defaultInProduction : undefined) ?? usual;
    return standard === undefined ? { key, value: '', from: 'not set' } : { key, value: standard, from: 'default' };
  });
}

export async function dataFolder(data: string): Promise<Finding> {
  const found = await stat(data).catch(() => undefined);
  if (!found) return warning('data folder', `${data} is not there yet`, 'npm start makes it; is KAMS_DATA right?');
  if (!found.isDirectory()) return wrong('data folder', `${data} is not a folder`, 'point KAMS_DATA at a folder');
  return access(data, constants.R_OK | constants.W_OK).then(
    () => ok('data folder', data),
    () => wrong('data folder', `${data} can not be read and written`, 'give the user that runs KAMS the rights to it'),
  );
}

const LITTLE_BYTES = 2e9;
const TOO_LITTLE_BYTES = 2e8;

export async function diskSpace(data: string): Promise<Finding> {
  let place = data;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  const bytes = bavail * bsize;
  const says = `${(bytes / 1e9).toFixed(1)} GB free`;
  if (bytes > LITTLE_BYTES) return ok('disk', says);
  const cure = `make room on the disk of ${place}; without any, commands are refused until there is some`;
  return bytes > TOO_LITTLE_BYTES ? warning('disk', says, cure) : wrong('disk', says, cure);
}

async function database(config: CliConfig): Promise<Finding[]> {
  const own = config.postgresUrl?.reveal();
  if (own !== undefined) return askPostgres(own, 'is the server of KAMS_POSTGRES_URL up, and are user and password right?');
  const place = join(config.data, 'postgres');
  if (!existsSync(join(config.data, 'keys', 'installation.json')) || !existsSync(place))
    return [warning('database', `there is none in ${config.data} yet`, 'npm start makes it')];
  try {
    const { postgresPassword } = await openKeys(config.data);
    const url = await runningEmbeddedPostgres(place, postgresPassword.reveal());
    if (url === undefined) return [warning('database', `Postgres in ${place} does not run`, 'npm start starts it')];
    return await askPostgres(url, `look at the log in ${join(place, 'log')}`);
  } catch (error) {
    return [wrong('database', (error as Error).message, `look at ${config.data}`)];
  }
}

/** Without these a commit that was acknowledged may be lost; the store refuses to start. */
const DURABLE: Readonly<Record<string, readonly string[]>> = {
  fsync: ['on'],
  full_page_writes: ['on'],
  synchronous_commit: ['on', 'remote_apply'],
};

async function askPostgres(url: string, cure: string): Promise<Finding[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name = any($1)`,
      [[...Object.keys(DURABLE), 'server_version', 'max_connections']],
    );
    const settings = new Map(rows.map((it) => [it.name, it.setting]));
    return [
      ok('database', `Postgres ${settings.get('server_version')}, at most ${settings.get('max_connections')} connections`),
      ...Object.entries(DURABLE).map(([name, right]) => {
        const setting = settings.get(name) ?? 'unknown';
        if (right.includes(setting)) return ok('database', `${name} = ${setting}`);
        return wrong(
          'database',
          `${name} = ${setting}`,
          `set ${name} = on in postgresql.conf; without it a power failure loses events`,
        );
      }),
      ...(await tenants(client)),
    ];
  } catch (error) {
    return [wrong('database', `no answer (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, cure)];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Where the log is, when it is not in the database. */
async function eventStore({ store, eventStoreDbUrl }: CliConfig): Promise<Finding[]> {
  if (store === 'postgres') return [];
  try {
    const epoch = await epochOf(eventStoreDbUrl!.reveal());
    if (epoch === undefined)
      return [warning('event store', 'EventStoreDB answers, and has no history yet', 'npm start begins one')];
    return [ok('event store', `EventStoreDB answers, epoch ${epoch}`)];
  } catch (error) {
    const cure = 'is the server of KAMS_EVENTSTOREDB_URL up, and may its user read $all?';
    return [wrong('event store', (error as Error).message, cure)];
  }
}

/** The topics that the services of this process publish to. */
async function topicsOf({ services: chosen }: CliConfig): Promise<readonly string[]> {
  return (await allServices())
    .filter(({ name, aggregates }) => (chosen?.includes(name) ?? true) && isPublished(aggregates.map((it) => it.contract)))
    .map((it) => topicOf(it.name));
}

const KAFKA_CURES: Readonly<Record<Refused['why'], string>> = {
  password: 'set KAMS_KAFKA_USER and KAMS_KAFKA_PASSWORD as the cluster has them',
  authority: 'name a file with the certificate of their authority in NODE_EXTRA_CA_CERTS',
  name: 'call the brokers in KAMS_KAFKA_BROKERS, and in their advertised.listeners, as their certificates do',
  validity: 'renew the certificate of the brokers; is the clock right?',
  listener: 'name an address in KAMS_KAFKA_BROKERS where users are known by SCRAM-SHA-512, or take KAMS_KAFKA_USER away',
  right: 'give it that right; deploy/kafka/acls.sh has all that a service needs',
};

/** Kafka and the topics of the services. While it is away nothing but those stands still, so that is a warning. */
async function kafka(config: CliConfig): Promise<Finding[]> {
  const options = kafkaOptions(config);
  if (!options) return [];
  const findings: Finding[] = [];
  const bus = kafkaBus(options);
  try {
    for (const topic of await topicsOf(config)) {
      const found = await topicFinding(bus, topic);
      if (findings.length === 0)
        findings.push(
          ok('kafka', `answers, ${config.kafkaTls ? 'with TLS' : 'in clear'}, and takes us for ${config.kafkaUser ?? 'nobody'}`),
        );
      findings.push(found);
    }
    return findings;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const cure = 'are the brokers of KAMS_KAFKA_BROKERS up, and is KAMS_KAFKA_TLS as they want it?';
    const finding =
      error instanceof Refused ? wrong('kafka', error.message, KAFKA_CURES[error.why]) : warning('kafka', error.message, cure);
    return [...findings, finding];
  } finally {
    await bus.close();
  }
}

async function topicFinding(bus: KafkaBus, topic: string): Promise<Finding> {
  if (!(await bus.hasTopic(topic)))
    return warning(
      'kafka',
      `${topic} is not there, or not to be seen`,
      'the first start makes it if its user may (Create); else deploy/kafka/acls.sh does, and gives the rights',
    );
  const fault = await bus.topicFault(topic);
  if (fault === undefined) return ok('kafka', `${topic} has its 12 partitions, and is not compacted`);
  return wrong('kafka', fault, 'stop the services, delete the topic, and make it again by deploy/kafka/acls.sh');
}

async function tenants(client: Client): Promise<Finding[]> {
  const lacking = rolesSql(await rolesOf(client));
  if (lacking !== '') {
    const cure = `the next start makes them if its user may create roles; else an administrator runs, once: ${lacking.replaceAll('\n', ' ')}`;
    return [warning('roles', 'not all roles of the database are there and granted', cure)];
  }
  const faults = await tenantFaults(async (sql, values) => (await client.query<{ fault: string }>(sql, values)).rows);
  if (faults.length === 0) return [ok('tenants', 'each is shown its own rows by the database too')];
  const cure = 'start a host again, which puts its tables right; what it does not is in docs/administration/database.md';
  return faults.map((fault) => wrong('tenants', fault, cure));
}

const MOST_CLOCK_DIFFERENCE_MS = 5_000;

async function host(url: string, config: CliConfig, identity: Identity, signal: AbortSignal): Promise<Finding[]> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.any([signal, AbortSignal.timeout(3_000)]) }).catch(
    () => undefined,
  );
  signal.throwIfAborted();
  if (!answer) return [wrong('host', `no answer at ${url}`, 'npm start starts it; KAMS_URL says where it is')];
  const findings: Finding[] = [];
  try {
    const client = new HostClient({ url, tokens: tokensOf(config, identity), signal, patienceMs: 0 });
    const { info } = await client.get<{ info: { version: string } }>('/openapi.json');
    findings.push(
      ok('host', `answers at ${url}, version ${info.version}`),
      readiness(answer.status, (await answer.json()) as Status),
    );
    const differsMs = Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now());
    if (differsMs > MOST_CLOCK_DIFFERENCE_MS)
      findings.push(
        warning(
          'clock',
          `differs from the host by ${Math.round(differsMs / 1000)} s`,
          'set the clocks (NTP); tokens are refused beyond 5 s',
        ),
      );
    const { projections = [], workers = [], inboxes = [], relays = [] } = await client.get<Partial<Status>>('/operations/status');
    const parked = [...projections, ...workers].filter((it) => (it.parked ?? 0) > 0);
    const said = parked.map((it) => `${it.name} holds back ${it.parked}`).join(', ');
    if (parked.length > 0)
      findings.push(warning('parked', `events can not be handled: ${said}`, 'kams parked list says which and why'));
    const standing = [
      ...relays.map(({ topic, failure }) => ({ what: `nothing comes to ${topic}`, failure })),
      ...inboxes.map(({ service, producer, failure }) => ({ what: `nothing comes from ${producer} to ${service}`, failure })),
    ];
    for (const { what, failure } of standing)
      if (failure !== undefined)
        findings.push(
          warning(
            'kafka',
            `${what}: ${failure}`,
            'while Kafka is away it waits, and no request does; anything else is in the message',
          ),
        );
    return [...findings, ok('token', 'the host takes it')];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [...findings, wrong(findings.length > 0 ? 'token' : 'host', error.message, 'then run kams doctor again')];
  }
}

function readiness(status: number, { projections = [] }: Partial<Status>): Finding {
  const standing = projections.filter((it) => it.failure !== undefined);
  const lag = Math.max(0, ...projections.map((it) => it.lag));
  if (standing.length > 0) {
    const names = standing.map((it) => it.name);
    return wrong(
      'projections',
      `${names.join(', ')} can not go on: ${standing[0]!.failure}`,
      `mend the cause, then kams rebuild ${names[0]}`,
    );
  }
  if (status !== 200) return warning('projections', `catching up, ${lag} behind`, 'wait; kams status shows how far it is');
  return ok('projections', `${projections.length} run, at most ${lag} behind`);
}

import { closest, distance } from 'fastest-levenshtein';
import { BadConfig } from './bad-config';
import { readSecretFile } from './private-file';
import { CLIENT_SETTINGS, SETTINGS, type Config, type Setting, type Values } from './settings';

type Env = NodeJS.ProcessEnv;

/**
 * The configuration of this process. A service with settings of its own gives `{ ...SETTINGS, ...its }`.
 * @throws BadConfig with a line for everything that is wrong, not only for the first.
 */
export function readConfig<S extends typeof SETTINGS = typeof SETTINGS>(env: Env, settings: S = SETTINGS as S): Values<S> {
  const { config, lines } = readThese(env, settings);
  lines.push(...issuerLines(env), ...storeLines(env), ...busLines(env));
  if (isProduction(env)) lines.push(...unsafe(env, config));
  if (lines.length > 0) throw new BadConfig(lines);
  return config;
}

/**
 * Some settings alone, for a program that needs no more of them: the others may be missing, also in production.
 * @throws BadConfig
 */
export function readSome<S extends Readonly<Record<string, Setting>>>(env: Env, settings: S): Values<S> {
  const { config, lines } = readThese(env, settings);
  if (lines.length > 0) throw new BadConfig(lines);
  return config;
}

function readThese<S extends Readonly<Record<string, Setting>>>(env: Env, settings: S) {
  const lines = unknownKeys(env, Object.values<Setting>({ ...SETTINGS, ...settings, ...CLIENT_SETTINGS }));
  const values = Object.entries<Setting>(settings).map(([name, it]) => {
    try {
      return [name, read(env, it)];
    } catch (error) {
      if (!(error instanceof BadConfig)) throw error;
      lines.push(...error.lines);
      return [name, undefined];
    }
  });
  lines.push(...missing(env, Object.values(settings)));
  return { config: Object.fromEntries(values) as Values<S>, lines };
}

/** Takes the secrets out of the environment, so that no child process and no crash report has them. Call it after reading. */
export function forgetSecrets(env: Env, settings: Readonly<Record<string, Setting>> = SETTINGS): void {
  for (const it of Object.values<Setting>({ ...settings, ...CLIENT_SETTINGS })) {
    if (it.secret) delete env[it.key];
  }
}

const isProduction = (env: Env): boolean => env[SETTINGS.mode.key] === 'production';

const fileKey = (it: Setting): string => `${it.key}_FILE`;

function unknownKeys(env: Env, settings: readonly Setting[]): string[] {
  const known = settings.flatMap((it) => (it.secret ? [it.key, fileKey(it)] : [it.key]));
  return Object.keys(env)
    .filter((key) => /^kams_/i.test(key) && !known.includes(key))
    .map((key) => {
      const near = closest(key.toUpperCase(), known);
      const hint = distance(key.toUpperCase(), near) <= 4 ? ` Did you mean ${near}?` : '';
      return `${printable(key)}: there is no such setting.${hint}`;
    });
}

/** Whoever sets the environment could otherwise write lines of their own into the log. */
const printable = (key: string): string => key.slice(0, 60).replace(/[^A-Za-z0-9_]/g, '?');

function read(env: Env, it: Setting): unknown {
  const text = given(env, it) ?? usual(env, it);
  if (text === undefined) return undefined;
  const { data, error } = it.value.safeParse(text);
  if (error) throw new BadConfig(error.issues.map((issue) => `${it.key}: ${issue.message}`));
  return data;
}

/** What holds where nothing is set. What production must be told has no default there. */
const usual = (env: Env, it: Setting): string | undefined =>
  isProduction(env) ? (it.requiredInProduction ? undefined : (it.defaultInProduction ?? it.default)) : it.default;

const missing = (env: Env, settings: readonly Setting[]): string[] =>
  isProduction(env)
    ? settings
        .filter((it) => it.requiredInProduction && env[it.key] === undefined)
        .map((it) => `${it.key}: is required in production`)
    : [];

function given(env: Env, it: Setting): string | undefined {
  const [text, path] = [env[it.key], it.secret && env[fileKey(it)]];
  if (text !== undefined && path !== undefined) throw new BadConfig([`${it.key}: set it or ${fileKey(it)}, not both`]);
  const key = path === undefined ? it.key : fileKey(it);
  if ((text ?? path)?.trim() === '') throw new BadConfig([`${key}: is empty; give it a value or take it away`]);
  return path === undefined ? text : readSecretFile(path, key);
}

/** All four or none: half an issuer is a mistake, and the rest would come from somewhere unexpected. Production needs each. */
function issuerLines(env: Env): string[] {
  if (isProduction(env)) return [];
  const four = [SETTINGS.issuer, SETTINGS.audience, SETTINGS.jwksUrl, SETTINGS.tokenAlgorithms];
  const present = four.find((it) => env[it.key] !== undefined);
  if (!present) return [];
  return four.filter((it) => env[it.key] === undefined).map((it) => `${it.key}: is required beside ${present.key}`);
}

/** An address that is not gone to is a mistake: the log would begin somewhere else. */
function storeLines(env: Env): string[] {
  const { store, eventStoreDbUrl: url } = SETTINGS;
  const isWanted = env[store.key] === 'eventstoredb';
  const isGiven = env[url.key] !== undefined || env[fileKey(url)] !== undefined;
  if (isWanted && !isGiven) return [`${url.key}: is required beside ${store.key}=eventstoredb`];
  return isGiven && !isWanted ? [`${store.key}: must be eventstoredb beside ${url.key}; set it, or take that away`] : [];
}

function busLines(env: Env): string[] {
  const { bus, kafkaBrokers, kafkaTls, kafkaUser, kafkaPassword } = SETTINGS;
  const isGiven = (it: Setting): boolean => env[it.key] !== undefined || (it.secret === true && env[fileKey(it)] !== undefined);
  const lines: string[] = [];
  // Said of no brokers it would be said of nothing.
  const [wants] = [
    ...(env[bus.key] === 'kafka' ? [`${bus.key}=kafka`] : []),
    ...(env[kafkaTls.key] === 'true' ? [`${kafkaTls.key}=true`] : []),
    ...(isGiven(kafkaUser) ? [kafkaUser.key] : []),
  ];
  if (wants !== undefined && !isGiven(kafkaBrokers)) lines.push(`${kafkaBrokers.key}: is required beside ${wants}`);
  if (isGiven(kafkaUser) && !isGiven(kafkaPassword)) lines.push(`${kafkaPassword.key}: is required beside ${kafkaUser.key}`);
  if (isGiven(kafkaPassword) && !isGiven(kafkaUser)) lines.push(`${kafkaUser.key}: is required beside ${kafkaPassword.key}`);
  return lines;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost):/;
const EXAMPLES = ['admin', 'changeit', 'changeme', 'example', 'kams', 'password', 'postgres', 'root', 'secret', 'test', '123456'];

/** What is convenient on one's own machine and dangerous everywhere else. */
function unsafe(env: Env, config: Config): string[] {
  const lines: string[] = [];
  for (const it of ['issuer', 'jwksUrl'] as const) {
    if (config[it]?.startsWith('http://')) lines.push(`${SETTINGS[it].key}: must be https in production`);
  }
  if (config.administrators?.some((it) => it.tenantId === '*' || it.subject === '*')) {
    lines.push(`${SETTINGS.administrators.key}: must name each tenant and subject in production`);
  }
  if (config.postgresUrl && hasExamplePassword(config.postgresUrl.reveal())) {
    lines.push(`${SETTINGS.postgresUrl.key}: its password is one that everybody knows; choose another`);
  }
  const eventStoreDb = config.eventStoreDbUrl?.reveal();
  if (eventStoreDb && /[?&]tls=false/i.test(eventStoreDb)) {
    lines.push(`${SETTINGS.eventStoreDbUrl.key}: must use TLS in production; without it the server does not ask who one is`);
  }
  const [, user = '', password = ''] = /^[^/]+\/\/([^:@/]+):([^@]+)@/.exec(eventStoreDb ?? '') ?? [];
  if (isExample(password, user)) {
    lines.push(`${SETTINGS.eventStoreDbUrl.key}: its password is one that everybody knows; choose another`);
  }
  if (config.kafkaTls !== true && config.kafkaBrokers?.some((it) => !LOOPBACK.test(it))) {
    lines.push(
      `${SETTINGS.kafkaBrokers.key}: must be on this machine in production where they are spoken to in clear; set ${SETTINGS.kafkaTls.key}=true for others`,
    );
  }
  if (config.kafkaTls !== true && config.kafkaUser !== undefined) {
    lines.push(`${SETTINGS.kafkaTls.key}: must be true in production beside ${SETTINGS.kafkaUser.key}`);
  }
  if (config.kafkaPassword && isExample(config.kafkaPassword.reveal(), config.kafkaUser)) {
    lines.push(`${SETTINGS.kafkaPassword.key}: is one that everybody knows; choose another`);
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    lines.push('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0 in production; trust your own authority by NODE_EXTRA_CA_CERTS');
  }
  if (env.NODE_OPTIONS?.includes('--inspect')) {
    lines.push('NODE_OPTIONS: must not have --inspect in production; it opens the process to whoever reaches the port');
  }
  return lines;
}

function hasExamplePassword(postgresUrl: string): boolean {
  const { username, password } = new URL(postgresUrl);
  return isExample(password, username);
}

function isExample(password: string, user: string | undefined): boolean {
  const plain = password.toLowerCase().replace(/[-_]/g, '');
  return plain !== '' && (EXAMPLES.includes(plain) || password === user);
}

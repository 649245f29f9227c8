// A process that runs services: configuration, database, store, projections, HTTP; and the way back, in the other order.
import { join } from 'node:path';
import { Vault } from '@kams/eventing';
import { kafkaBus } from '@kams/eventing/bus/kafka/kafka-bus';
import { postgresPersonKeys } from '@kams/eventing/personal/postgres-person-keys';
import type { Logger } from 'pino';
import { BadConfig } from '../config/bad-config';
import { openKeys } from '../config/keys';
import { masterKeysIn } from '../config/master-keys';
import { forgetSecrets, readConfig } from '../config/read-config';
import { SETTINGS, type Config } from '../config/settings';
import type { EmbeddedPostgres } from '../embedded-postgres/embedded-postgres';
import { openReadDatabase } from '../read-model/read-database';
import type { Service } from '../service';
import { openDevelopmentIssuer } from '../tokens/development-issuer';
import { issuerKeys } from '../tokens/issuer-keys';
import { TokenVerifier } from '../tokens/verify';
import { closing } from './closing';
import { createApp } from './create-app';
import { kafkaOptions } from './kafka-options';
import { measureProcess } from './metrics';
import { openStore } from './open-store';
import { startOwnPostgres } from './own-postgres';
import { closeWithin, listen, logOfProgram, runProgram } from './run-program';
import { Runtime } from './runtime';
import { startTracing } from './tracing';

/** A process at work. */
export interface Running {
  readonly url: string;
  readonly runtime: Runtime;
  readonly config: Config;
  /** The Postgres that this process started; undefined when it uses one of the user's own. */
  readonly postgres: EmbeddedPostgres | undefined;
  /** Answers what has come in, stops what runs, and ends the database last. */
  stop(): Promise<void>;
}

export const VERSION = '0.1.0';

export async function startServices(installation: readonly Service[], config: Config, log: Logger): Promise<Running> {
  const services = chosen(installation, config.services);
  const back = closing(log);
  let stopping = false;
  const stop = (): Promise<void> => {
    stopping = true;
    return back.run();
  };
  try {
    const tracing = await startTracing(
      services.map((it) => it.name),
      VERSION,
      log,
    );
    if (tracing) back.add('the last traces', () => tracing(config.shutdownGraceMs));
    const keys = await openKeys(config.data);
    const verifier = await verifierOf(config);
    const postgres = await startOwnPostgres(config, keys, (line) => log.warn(line));
    if (postgres) back.add('Postgres', () => postgres.stop(), 'patient');
    const url = config.postgresUrl?.reveal() ?? postgres!.url;

    const store = await openStore(config, url, (error) => stopping || log.warn({ err: error }, 'event store'));
    back.add('the event store', () => store.close());

    const personKeys = await postgresPersonKeys(url, await masterKeysIn(join(config.data, 'keys', 'master.json')));
    back.add('the keys of persons', () => personKeys.close());

    const readDatabase = await openReadDatabase({
      url,
      poolSize: config.poolSize,
      onError: (error) => log.warn({ err: error }, 'read database'),
    });
    back.add('the read database', () => readDatabase.destroy());

    const kafka = kafkaOptions(config);
    const outlet = kafka && (() => kafkaBus(kafka));
    const onError = (error: Error) => stopping || log.warn({ err: error }, 'Kafka');
    const inlet = config.bus === 'kafka' ? kafkaBus({ ...kafka!, onError }) : undefined;
    const runtime = new Runtime({
      services,
      installation,
      store,
      readDatabase,
      inlet,
      outlet,
      hashKey: keys.commandHashKey.reveal(),
      vault: new Vault(personKeys, keys.commandHashKey.reveal()),
      cursorKey: keys.cursorKey.reveal(),
      administrators: config.administrators,
      operatingTenant: config.operatingTenant,
      readWaitMs: config.readWaitMs,
      leaseMs: config.leaseMs,
      // Its folder belongs to one host at a time.
      alone: postgres !== undefined,
      log,
    });
    await runtime.start();
    back.add('what works besides requests', () => runtime.stop());

    const app = await createApp(runtime, verifier, VERSION);
    back.add(
      'the answers to the last requests',
      () => closeWithin(config.shutdownGraceMs, app.getHttpServer(), () => app.close()),
      'patient',
    );
    await listen(app, config);
    return {
      url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
      runtime,
      config,
      postgres,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws BadConfig for one that the installation has not */
function chosen(installation: readonly Service[], names: readonly string[] | undefined): readonly Service[] {
  const known = installation.map((it) => it.name);
  const unknown = names?.filter((it) => !known.includes(it)) ?? [];
  if (unknown.length > 0)
    throw new BadConfig([`${SETTINGS.services.key}: there is no ${unknown.join(', ')}; there are ${known.join(', ')}`]);
  return installation.filter((it) => names?.includes(it.name) ?? true);
}

/** Runs until it is told to stop. */
export const runServices = (services: readonly Service[], started?: (running: Running) => Promise<void> | void): Promise<void> =>
  runProgram(async (stopBy) => {
    const config = readConfig(process.env);
    forgetSecrets(process.env);
    const log = logOfProgram(config.logLevel, (config.services ?? services.map((it) => it.name)).join('+'));
    measureProcess();
    const running = await startServices(services, config, log);
    stopBy(() => running.stop());
    await started?.(running);
  });

async function verifierOf(config: Config): Promise<TokenVerifier> {
  const { issuer, audience, jwksUrl, tokenAlgorithms } = config;
  if (issuer === undefined) return new TokenVerifier(await openDevelopmentIssuer(config));
  return new TokenVerifier({ issuer, audience: audience!, algorithms: tokenAlgorithms!, keys: issuerKeys(jwksUrl!) });
}

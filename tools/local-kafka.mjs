// A real Kafka on this machine: a node that is broker and controller, alone or one of several, from Kafka's own artifacts, with
// the Java that is there.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import swc from './swc.cjs';

const run = promisify(execFile);
const parts = join(swc.root, 'deploy/kafka/local');
/** The same for every broker of this checkout: only its data are its own. */
const libs = join(swc.root, '.kams/kafka-libs');
const LEAST_JAVA = 17;
const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 30_000;

const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';

/** What has to be installed first. */
export class Missing extends Error {}

async function ensureJava() {
  const { stderr } = await run(java, ['-version']).catch(() => {
    throw new Missing(`Kafka needs Java ${LEAST_JAVA} or later: there is no ${java}. Install one, or set JAVA_HOME.`);
  });
  const version = /version "(\d+)/.exec(stderr)?.[1];
  if (Number(version) < LEAST_JAVA) throw new Missing(`Kafka needs Java ${LEAST_JAVA} or later: ${java} is ${version}.`);
}

/** Copied again when the list of parts has changed. */
async function ensureLibs() {
  const pom = join(parts, 'pom.xml');
  const copied = join(libs, 'pom.xml');
  if (existsSync(copied) && readFileSync(copied, 'utf8') === readFileSync(pom, 'utf8')) return;
  const next = `${libs}-${process.pid}`;
  const copy = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${next}`];
  await run('mvn', copy).catch((error) => {
    rmSync(next, { recursive: true, force: true });
    throw error.code === 'ENOENT'
      ? new Missing('Kafka comes from its Maven artifacts: there is no mvn. Install Maven.')
      : new Missing(`Maven could not copy what ${pom} lists:\n${error.stdout}${error.stderr}`);
  });
  writeFileSync(join(next, 'pom.xml'), readFileSync(pom));
  rmSync(libs, { recursive: true, force: true });
  renameSync(next, libs);
}

/** A port of the loopback that nobody listens on; `wanted` itself, or an error. */
export const freePort = (wanted = 0) =>
  new Promise((found, failed) => {
    const server = createServer();
    server.once('error', () => failed(new Error(`port ${wanted} is taken: choose another one with --port`)));
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

/** Another way in, for those who prove who they are: what each may do there is for its ACLs. Without a proof, all may do all. */
const securedSettings = ({ keyStore }) => `ssl.keystore.type=PEM
ssl.keystore.location=${keyStore}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
`;

/** A node that is dead is taken for dead after 3 s, and others lead what it led: by default that takes 9 s. */
const FAILOVER = `broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
`;

const settings = (folder, { port, advertised, secured, node, controllerPorts }) => {
  const replicas = Math.min(3, controllerPorts.length);
  const inSync = Math.max(1, replicas - 1);
  return `process.roles=broker,controller
node.id=${node}
controller.quorum.voters=${controllerPorts.map((it, i) => `${i + 1}@127.0.0.1:${it}`).join(',')}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPorts[node - 1]}${secured ? `,SASL_SSL://127.0.0.1:${secured.port}` : ''}
advertised.listeners=PLAINTEXT://${advertised}${secured ? `,SASL_SSL://localhost:${secured.port}` : ''}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs=${join(folder, 'data')}
auto.create.topics.enable=false
default.replication.factor=${replicas}
min.insync.replicas=${inSync}
offsets.topic.replication.factor=${replicas}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${inSync}
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=${replicas}
share.coordinator.state.topic.min.isr=${inSync}
group.initial.rebalance.delay.ms=0
${replicas > 1 ? FAILOVER : ''}${secured ? securedSettings(secured) : ''}`;
};

const runningFile = (folder) => join(folder, 'running.json');

/** The process that the folder names, if one with its number is alive. */
function alive(folder) {
  try {
    const it = JSON.parse(readFileSync(runningFile(folder), 'utf8'));
    process.kill(it.pid, 0);
    return it;
  } catch {
    return undefined;
  }
}

/** Numbers of processes are used again; the id of the cluster is the folder's own. */
async function answersAs({ clusterId, port, node }) {
  const client = new kafkajs.Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    return cluster.clusterId === clusterId && cluster.brokers.some((it) => it.nodeId === node);
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Whether the process answers; false when it has ended. */
async function isReady(folder, running) {
  const { pid, port } = running;
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await sleep(100)) {
    if (await answersAs(running)) return true;
    if (alive(folder)?.pid !== pid) return false;
  }
  throw new Error(
    `process ${pid} does not answer at 127.0.0.1:${port} as the Kafka of ${folder}. If it is none, remove ${runningFile(folder)}`,
  );
}

/**
 * Starts the Kafka of a folder, unless it runs: its address, its process, and whether it ran already.
 * @param advertised host:port that it sends its clients to, where something stands in between
 * @param secured a second listener, with TLS and SCRAM: its `port` of localhost, `keyStore` (a PEM file with key and certificate),
 *   and `users`, their passwords by their names; they are made with the data of the folder
 * @param member which one it is of a cluster: its `node` from 1 on, `controllerPorts` of all in their order, `clusterId`; more than
 *   half of them have to be started before one is ready
 */
export async function startKafka(folder, port, { advertised = `127.0.0.1:${port}`, secured, member } = {}) {
  const running = alive(folder);
  // One that was killed may take a moment to be gone.
  if (running && (await isReady(folder, running))) {
    return { ...running, brokers: `127.0.0.1:${running.port}`, isNew: false };
  }
  await ensureJava();
  await ensureLibs();
  await freePort(port);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'server.properties');
  const { node, controllerPorts } = member ?? { node: 1, controllerPorts: [await freePort()] };
  writeFileSync(file, settings(folder, { port, advertised, secured, node, controllerPorts }));

  const classes = ['-cp', join(libs, '*')];
  const meta = join(folder, 'data/meta.properties');
  if (!existsSync(meta)) {
    const newId = async () => (await run(java, [...classes, 'kafka.tools.StorageTool', 'random-uuid'])).stdout.trim();
    const id = member?.clusterId ?? (await newId());
    const users = Object.entries(secured?.users ?? {}).flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]);
    await run(java, [...classes, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file, ...users]);
  }
  const clusterId = /^cluster\.id=(.*)$/m.exec(readFileSync(meta, 'utf8'))[1];

  const log = openSync(join(folder, 'kafka.log'), 'a');
  const logging = `-Dlog4j2.configurationFile=${join(parts, 'log4j2.properties')}`;
  const broker = spawn(java, ['-Xms128m', '-Xmx512m', logging, ...classes, 'kafka.Kafka', file], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  broker.unref();
  const started = { pid: broker.pid, port, clusterId, node };
  writeFileSync(runningFile(folder), JSON.stringify(started));
  if (!(await isReady(folder, started)))
    throw new Error(`Kafka has ended while it started. It says why in ${join(folder, 'kafka.log')}`);
  return { ...started, brokers: `127.0.0.1:${port}`, isNew: true };
}

/** Stops the Kafka of a folder, as Kafka wants to be stopped: whether one ran. */
export async function stopKafka(folder) {
  const running = alive(folder);
  if (running && (await isReady(folder, running))) {
    process.kill(running.pid, 'SIGTERM');
    for (const end = Date.now() + STOPPED_WITHIN_MS; alive(folder); await sleep(50))
      if (Date.now() > end) throw new Error(`Kafka (process ${running.pid}) has not stopped within ${STOPPED_WITHIN_MS} ms`);
  }
  rmSync(runningFile(folder), { force: true });
  return running !== undefined;
}

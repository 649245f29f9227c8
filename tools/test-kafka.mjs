// What needs a real Kafka, which is started for that and thrown away: `npm run test:kafka`, `npm run test:kafka -- --full`.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, Missing, startKafka, stopKafka } from './local-kafka.mjs';
import swc from './swc.cjs';

const SUITES = ['libs/eventing/test/bus', 'services/host/test/kafka', 'tools/test/apart'];
/** Said by the exit code too: who runs this where there may be no Java can tell it from red. */
const NOT_RUN = 3;
const args = process.argv.slice(2);
const isFull = args.includes('--full');
const data = await mkdtemp(join(tmpdir(), 'kams-kafka-'));
const folder = join(data, 'kafka');
// Both get a Ctrl-C: Jest ends, and then this one stops the broker.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
try {
  const { brokers } = await startKafka(folder, await freePort());
  const jest = spawn(
    process.execPath,
    [join(swc.root, 'node_modules/jest/bin/jest.js'), '--runInBand', ...SUITES, ...args.filter((it) => it !== '--full')],
    {
      cwd: swc.root,
      stdio: 'inherit',
      env: { ...process.env, KAFKA_BROKERS: brokers, KAMS_TEST_KAFKA_DATA: data, ...(isFull && { KAMS_TEST_SIZE: 'full' }) },
    },
  );
  process.exitCode = await new Promise((ended) => jest.on('close', (code) => ended(code ?? 1)));
} catch (error) {
  const isMissing = error instanceof Missing;
  console.error(isMissing ? `bus contract, kafka: NOT RUN (${error.message})` : error.message);
  process.exitCode = isMissing ? NOT_RUN : 1;
} finally {
  await stopKafka(folder);
  await rm(data, { recursive: true });
}

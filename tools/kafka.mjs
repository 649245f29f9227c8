// A Kafka to try things with: `npm run kafka`, `npm run kafka -- --port 9192`, `npm run kafka -- stop`.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startKafka, stopKafka } from './local-kafka.mjs';
import swc from './swc.cjs';

const port = (text) => {
  const it = Number(text);
  if (!Number.isInteger(it) || it < 1 || it > 65_535) throw new InvalidArgumentError('a port is a whole number from 1 to 65535');
  return it;
};

const program = new Command('npm run kafka --')
  .description('A real Kafka of one node on this machine, for this machine only.')
  .option('--port <port>', 'where it answers', port, 9092)
  .option('--advertised <host:port>', 'where it sends its clients, if something stands in between')
  .option('--secured <file>', 'JSON: port, keyStore and users of a second way in, with TLS and SCRAM')
  .option('--member <file>', 'JSON: node, controllerPorts and clusterId, for one of several')
  .configureHelp({ showGlobalOptions: true });
const folder = join(process.env.KAMS_DATA ? resolve(process.env.KAMS_DATA) : join(swc.root, '.kams'), 'kafka');

program.command('start', { isDefault: true }).description('starts it, unless it runs').action(start);
program.command('stop').description('stops it; its data stay').action(stop);

const readJson = (file) => file && JSON.parse(readFileSync(file, 'utf8'));

async function start() {
  const opts = program.opts();
  const { brokers, pid, isNew } = await startKafka(folder, opts.port, {
    advertised: opts.advertised,
    secured: readJson(opts.secured),
    member: readJson(opts.member),
  });
  console.log(
    `Kafka ${isNew ? 'answers' : 'is running already'} at ${brokers} (process ${pid}); its data and its log are in ${folder}`,
  );
  console.log(`  KAFKA_BROKERS=${brokers} npx jest libs/eventing/test/bus   the contract of the bus, on it`);
  console.log('  npm run kafka -- stop');
}

async function stop() {
  console.log((await stopKafka(folder)) ? 'Kafka has stopped.' : `No Kafka of ${folder} is running.`);
}

await program.parseAsync().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

// Services in one process: all of them, or those of KAMS_SERVICES.
import { runServices, type Running } from '@kams/platform/run/run-service';
import { Command, CommanderError } from 'commander';
import { showSample } from './sample/show';
import { services } from './services';

const WRONG_CALL = 64;

/** What a second terminal needs, to find this host and its keys. */
const elsewhere = ({ config }: Running): string =>
  [
    ...(process.env['KAMS_DATA'] === undefined ? [] : [`KAMS_DATA=${config.data} `]),
    ...(process.env['KAMS_PORT'] === undefined ? [] : [`KAMS_PORT=${config.port} `]),
  ].join('');

function welcome(running: Running): void {
  const { url, config, postgres, runtime } = running;
  const lines = [
    `KAMS is up at ${url}  (${config.mode}; process start to here ${(performance.now() / 1000).toFixed(1)} s)`,
    `  services    ${runtime.services.map((it) => it.name).join(', ')}`,
    postgres
      ? `  database    Postgres ${postgres.version} in ${config.data}, port ${postgres.port}`
      : '  database    the server of KAMS_POSTGRES_URL',
    ...(config.store === 'eventstoredb' ? ['  event store the EventStoreDB of KAMS_EVENTSTOREDB_URL'] : []),
    ...(config.kafkaBrokers
      ? [
          `  kafka       ${config.kafkaBrokers.join(', ')}${config.kafkaTls ? ' with TLS' : ''}, topics ${runtime
            .relays()
            .map((it) => it.topic)
            .join(', ')}`,
        ]
      : []),
    `  reference   ${url}/docs  ${url}/openapi.json  ${url}/asyncapi.json`,
    ...(config.issuer === undefined
      ? ['  tokens      development issuer: for trying out, never for real data. `npx kams token` prints a token']
      : []),
    `  try next    ${elsewhere(running)}npx kams status`,
  ];
  console.log(lines.join('\n'));
}

function options(args: readonly string[]): { readonly sample?: boolean } {
  try {
    return new Command('npm start --')
      .description('Runs all services in one process, until Ctrl-C.')
      .option('--sample', 'shows a year of 24 key accounts, in development')
      .showHelpAfterError()
      .exitOverride()
      .parse(args, { from: 'user' })
      .opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : WRONG_CALL);
  }
}

const { sample } = options(process.argv.slice(2));

void runServices(services, async (running) => {
  welcome(running);
  if (sample) await showSample(running);
});

// All services in one process.
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { runServices, type Running } from '@kams/platform/run/run-service';

const services = [accountsService];

function welcome({ url, config, postgres, runtime }: Running): void {
  const lines = [
    `KAMS is up at ${url}  (${config.mode}; process start to here ${(performance.now() / 1000).toFixed(1)} s)`,
    `  services    ${runtime.services.map((it) => it.name).join(', ')}`,
    postgres
      ? `  database    Postgres ${postgres.version} in ${config.data}, port ${postgres.port}`
      : '  database    the server of KAMS_POSTGRES_URL',
    `  reference   ${url}/docs  ${url}/openapi.json  ${url}/asyncapi.json`,
    ...(config.issuer === undefined
      ? ['  tokens      development issuer: for trying out, never for real data. `npx kams token` prints a token']
      : []),
    '  try next    npx kams status',
  ];
  console.log(lines.join('\n'));
}

void runServices(services, welcome);

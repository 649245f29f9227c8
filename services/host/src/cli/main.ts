// kams, the command line. What was asked for goes to stdout, everything else to stderr. It ends with 0, with 1 when it could not
// be done, with 2 when it was called wrongly, with 78 when a setting is wrong.
import { TENANT_ID } from '@kams/contracts/values';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BadConfig } from '@kams/platform/config/bad-config';
import { makeBackup, restoreBackup } from './backup';
import { DEVELOPER, hostUrl, readCliConfig, tokensOf, type Identity } from './connection';
import { examine, type DoctorOptions } from './doctor';
import { Failure } from './failure';
import { HostClient } from './host-client';
import { IMPORT_HELP, importFiles, type ImportOptions } from './import';
import { listParked, retryParked, showParked, skipParked } from './parked';
import { rebuildProjection } from './rebuild';
import { showRoutes } from './routes';
import { sampleContacts, type SampleContactsOptions } from './sample-contacts';
import { showStatus } from './status';
import { beginEpoch } from './store';
import { tailEvents } from './tail';
import { Terminal, type Streams } from './terminal';
import { showToken } from './token';
import { up, type UpOptions } from './up';

interface Global {
  readonly json?: boolean;
  readonly tenant: string;
}

const UP_HELP = `
Settings are those of a host. Without KAMS_POSTGRES_URL a Postgres is started in KAMS_DATA, without KAMS_KAFKA_BROKERS a Kafka of
one node (that needs Java 17 and Maven); EventStoreDB is where KAMS_EVENTSTOREDB_URL says. KAMS_PORT is that of the gateway.`;
const PARKED_HELP = `
An event that fails is tried again for about four seconds, then parked. Mend the reason (the code, the row, a newer release),
then retry. Leave an event out only when it must never be handled.`;
const WRONG_CALL = 2;
const STOPPED = 130;

/** Runs one command; gives the exit code. */
export async function kams(args: readonly string[], streams: Streams): Promise<number> {
  const program = commands(streams);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_CALL;
    if (streams.signal.aborted) {
      streams.stderr.write('kams: stopped\n');
      return STOPPED;
    }
    if (error instanceof BadConfig) {
      for (const line of error.lines) streams.stderr.write(`kams: ${line}\n`);
      return error.exitCode;
    }
    if (!(error instanceof Failure)) throw error;
    streams.stderr.write(`kams: ${error.message}\n`);
    return error.exitCode;
  }
}

function commands(streams: Streams): Command {
  const program = new Command('kams')
    .description('Key-account management: the command line of a KAMS host.')
    .version(version())
    .option('--json', 'print JSON, for scripts')
    .option('--tenant <tenant>', 'the tenant of the tokens that development makes', tenant, DEVELOPER.tenantId)
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(kams --help says how)')
    .exitOverride()
    .addHelpText(
      'after',
      `
KAMS_URL says where the host is (this machine, port KAMS_PORT or 3000), KAMS_TOKEN as whom to ask. Without KAMS_TOKEN, in
development, tokens are made with the key in KAMS_DATA.`,
    );

  const global = () => program.opts<Global>();
  const terminal = () => new Terminal(streams, global().json ?? false);
  const identity = (): Identity => ({ ...DEVELOPER, tenantId: global().tenant });
  const host = (): HostClient => {
    const config = readCliConfig(streams.env);
    return new HostClient({ url: hostUrl(streams.env, config), tokens: tokensOf(config, identity()), signal: streams.signal });
  };

  const imports = program.command('import').description('bring in CSV files').addHelpText('after', IMPORT_HELP);
  for (const [kind, what] of [
    ['accounts', 'customers, a row each'],
    ['contacts', 'people at accounts that are there, a row each'],
    ['opportunities', 'what accounts that are there may buy, a row each'],
    ['purchases', 'sales and returns, a row for each of their lines'],
  ] as const) {
    imports
      .command(kind)
      .description(what)
      .argument('<file...>', 'CSV files')
      .option('--mapping <file>', 'how the columns become commands (JSON)')
      .option('--dry-run', 'check everything, send nothing')
      .option('--result <file>', 'what became of every row (default: a file in KAMS_DATA/imports)')
      .addHelpText('after', IMPORT_HELP)
      .action((files: string[], options: ImportOptions) => importFiles(terminal(), kind, files, options, identity()));
  }

  program
    .command('sample')
    .description('made-up files, to try imports with')
    .command('contacts')
    .description('people who do not exist, at the accounts of a file, as CSV; the same seed gives the same bytes')
    .requiredOption('--accounts <file>', 'accounts as kams import accounts takes them')
    .option('--count <count>', 'how many people', wholeNumber(100_000), 500)
    .option('--seed <seed>', 'which people', wholeNumber(2 ** 31 - 1), 1)
    .action((options: SampleContactsOptions) => sampleContacts(terminal(), options));

  program
    .command('up')
    .description('run the services as processes of their own on this machine, behind one origin, until Ctrl-C')
    .option('--services <names>', 'only these, parted by commas')
    .addOption(new Option('--store <store>', 'where the log is').choices(['postgres', 'eventstoredb']).default('postgres'))
    .addOption(
      new Option('--bus <bus>', 'how they read each other: from the log, or over Kafka').choices(['log', 'kafka']).default('log'),
    )
    .addHelpText('after', UP_HELP)
    .action((options: UpOptions) => up(terminal(), options));
  program
    .command('status')
    .description('how far the store and the projections have come, which process keeps each, and how much of it is parked')
    .action(() => showStatus(terminal(), host()));
  program
    .command('rebuild')
    .description('build a projection again from the events; it goes on answering meanwhile')
    .argument('<projection>', 'its name in kams status')
    .action((name: string) => rebuildProjection(terminal(), host(), name));
  const parked = program
    .command('parked')
    .description('the events that can not be handled: each parks its own aggregate, and what comes behind waits')
    .addHelpText('after', PARKED_HELP);
  parked
    .command('list')
    .description('all of them, the longest parked first')
    .action(() => listParked(terminal(), host()));
  parked
    .command('show')
    .description('which event it is, why, since when, and how many wait behind it')
    .argument('<id>')
    .action((id: string) => showParked(terminal(), host(), id));
  parked
    .command('retry')
    .description('handle it and what waits behind it, in order, and nothing twice')
    .argument('[id...]')
    .option('--all', 'all that are parked')
    .action((ids: string[], options: { all?: boolean }) => retryParked(terminal(), host(), ids, options));
  parked
    .command('skip')
    .description('leave this one event out for good, and go on behind it; a rebuild leaves it out too')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why; kept for good with who and when, so name nobody')
    .action((id: string, { reason }: { reason: string }) => skipParked(terminal(), host(), id, reason));
  program
    .command('tail')
    .description('the public events as they happen, a line each')
    .option('--types <type...>', 'only these, for example kams.accounts.account.registered.v1')
    .option('--after <position>', 'what came after a position that an answer gave; "start" for everything')
    .action((options) => tailEvents(terminal(), host(), options));
  program
    .command('token')
    .description('print a token for 15 minutes, in development')
    .option('--subject <subject>', 'who', DEVELOPER.subject)
    .action(({ subject }: { subject: string }) => showToken(terminal(), { subject, tenantId: global().tenant }));
  program
    .command('routes')
    .description('what the host answers')
    .argument('[word...]', 'only routes with these words: kams routes post accounts')
    .action((words: string[]) => showRoutes(terminal(), host(), words));
  program
    .command('doctor')
    .description('look whether everything is right, and say what to do')
    .option('--before-start', 'only what a host stands on: settings, database, event store, Kafka')
    .action((options: DoctorOptions) => examine(terminal(), identity(), options));
  program
    .command('backup')
    .description('copy the log, the keys and the settings into a new folder; the host may run')
    .argument('<folder>')
    .action((folder: string) => makeBackup(terminal(), folder));
  program
    .command('restore')
    .description('put a backup into a new KAMS_DATA (or an empty database), under a new epoch; no host may run on it')
    .argument('<folder>')
    .action((folder: string) => restoreBackup(terminal(), folder));
  program
    .command('store')
    .description('the event store')
    .command('new-epoch')
    .description('name a new history, after a fail-over that may have lost the end of the log; no host may run')
    .action(() => beginEpoch(terminal()));
  return program;
}

function tenant(text: string): string {
  if (TENANT_ID.test(text)) return text;
  throw new InvalidArgumentError('1 to 40 lower case letters, digits and underscores.');
}

const wholeNumber =
  (most: number) =>
  (text: string): number => {
    const it = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (it >= 1 && it <= most) return it;
    throw new InvalidArgumentError(`A whole number from 1 to ${most}.`);
  };

/** Of the package above; the compiled file lies deeper than the source. */
function version(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

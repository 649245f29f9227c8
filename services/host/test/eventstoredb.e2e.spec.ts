import { scoringModelContract } from '@kams/contracts/accounts/scoring-model';
import { removeEmbeddedPostgres } from '@kams/platform/embedded-postgres/embedded-postgres';
import { startBuilt, type Proc } from '@kams/testing/faults/procs';
import { dataFolder, freePort, removeFolder, runKams, spawnHost, startHost, type TestHost } from '@kams/testing/host';
import { until } from '@kams/testing/until';
import { join } from 'node:path';

const TESTS_MS = 150_000;
const READY_MS = 60_000;

let double: Proc;
let scratch: string;
let env: NodeJS.ProcessEnv;
let host: TestHost;
let other: TestHost | undefined;

beforeAll(async () => {
  double = startBuilt('libs/testing/src/eventstoredb/main.js');
  const url = await until('the double', () => /^esdb:.*$/m.exec(double.said())?.[0], READY_MS);
  scratch = await dataFolder();
  env = {
    KAMS_DATA: join(scratch, 'data'),
    KAMS_PORT: String(await freePort()),
    KAMS_STORE: 'eventstoredb',
    KAMS_EVENTSTOREDB_URL: url,
  };
  host = await startHost(env);
}, TESTS_MS);
afterAll(async () => {
  await other?.end();
  await host?.end();
  await double.end();
  await removeEmbeddedPostgres(join(scratch, 'data', 'postgres'));
  await removeFolder(scratch);
}, TESTS_MS);

async function authorization(): Promise<string> {
  const { stdout } = await host.kams('token');
  return `Bearer ${stdout.trim()}`;
}
async function ask(path: string, body?: object) {
  const headers = { authorization: await authorization(), 'content-type': 'application/json' };
  const answer = await fetch(`${host.url}${path}`, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  return { status: answer.status, text: await answer.text() };
}
const named = (text: string) => (JSON.parse(text) as { items: { name: string }[] }).items.map((it) => it.name);

test(
  'a host with its log in EventStoreDB takes a command and shows it, also after it was started again',
  async () => {
    const registered = await ask('/accounts', { profile: { name: 'Acme' } });
    expect(registered.status).toBe(201);
    const { id, position } = JSON.parse(registered.text) as { id: string; position: string };
    const shown = await ask(`/accounts?after=${position}`);
    expect(shown).toMatchObject({ status: 200 });
    expect(named(shown.text)).toEqual(['Acme']);

    // A write that the accounts show nothing of: the projection has to say that it has come to it all the same.
    const rated = await ask('/scoring-models', scoringModelContract.commands.Draft.example);
    expect(rated.status).toBe(201);
    const after = (JSON.parse(rated.text) as { position: string }).position;
    expect(await ask(`/accounts?after=${after}`)).toMatchObject({ status: 200 });

    const events = await ask('/events?limit=10');
    expect(events.text).toContain('kams.accounts.account.registered.v1');
    const behind = await ask(`/events?after=${position}`);
    expect(behind).toMatchObject({ status: 200 });
    expect(behind.text).not.toContain('kams.accounts.account.registered.v1');
    const beyond = position.replace(/\d+\/\d+$/, '999999999999/999999999999');
    expect(await ask(`/events?after=${beyond}`)).toMatchObject({ status: 422 });
    expect(await ask(`/events?after=${position.replace(/\/\d+$/, '')}`)).toMatchObject({ status: 422 });

    await host.end();
    host = await startHost(env);
    expect(named((await ask('/accounts')).text)).toEqual(['Acme']);
    const changed = await ask(`/accounts/${id}/update-profile`, { set: { employees: 3100 } });
    expect(changed.status).toBe(200);
  },
  TESTS_MS,
);

test(
  'what works on a log in Postgres is refused, and says what to do instead',
  async () => {
    const backup = await host.kams('backup', join(scratch, 'backup'));
    expect(backup).toMatchObject({ code: 1 });
    expect(backup.stderr).toContain('pg_dump');
    const restore = await host.kams('restore', join(scratch, 'backup'));
    expect(restore).toMatchObject({ code: 1 });
    expect(restore.stderr).toContain('kams store new-epoch');
    const status = await host.kams('status');
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toMatch(/^store at \d+ /m);
    const doctor = await host.kams('doctor');
    expect(doctor.stdout).toMatch(/^ok +event store +EventStoreDB answers, epoch /m);
    expect(doctor.stdout).not.toMatch(/^wrong/m);
  },
  TESTS_MS,
);

test(
  'where the setting is forgotten, no second log is begun',
  async () => {
    await host.end();
    const forgotten = { KAMS_DATA: env['KAMS_DATA'], KAMS_PORT: env['KAMS_PORT'] };
    other = spawnHost(forgotten);
    expect(await other.gone).toMatchObject({ code: 1 });
    expect(other.said()).toContain('set KAMS_STORE=eventstoredb');
    const backup = await runKams(forgotten, 'backup', join(scratch, 'forgotten'));
    expect(backup).toMatchObject({ code: 1 });
    expect(backup.stderr).toContain('set KAMS_STORE=eventstoredb');

    const renewed = await runKams(env, 'store', 'new-epoch');
    expect(renewed).toMatchObject({ code: 0 });
    const [, epoch] = /epoch (\S+)/.exec(renewed.stdout) ?? [];
    // It is not ready: what was read belongs to the history before.
    host = spawnHost(env);
    const status = await until('a status', async () => (await host.kams('status')).stdout || undefined, READY_MS);
    expect(status).toContain(epoch);
    await until('projections stand', async () => (await host.kams('status')).stdout.includes('stands: '), READY_MS);
  },
  TESTS_MS,
);

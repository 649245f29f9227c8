// People of a CRM against the product as it is started: what kams sample contacts makes goes in, once, and nothing of it stands in
// the clear beside the store.
import { dataFolder, freePort, removeFolder, runKams, startHost, type TestHost } from '@kams/testing';
import { parse } from 'csv-parse/sync';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const accounts = join(__dirname, '../../../../shared/datasets/crm/accounts.csv');

// The table is not part of the product; where it is absent the tests with the small host have to do.
const onData = existsSync(accounts) ? describe : describe.skip;

onData('contacts of the 85 companies', () => {
  let host: TestHost;
  let data: string;
  let file: string;
  beforeAll(async () => {
    data = await dataFolder();
    host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()), KAMS_LOG_LEVEL: 'info' });
    file = await sampleOf(500);
    await imported('demo', 'accounts', accounts);
  }, 60_000);
  afterAll(async () => {
    await host?.end();
    await removeFolder(data);
  });

  const result = () => join(data, 'result.ndjson');
  async function sampleOf(count: number, seed = 1): Promise<string> {
    const path = join(data, `contacts-${count}-${seed}.csv`);
    const { code, stdout } = await runKams(
      {},
      'sample',
      'contacts',
      '--accounts',
      accounts,
      '--count',
      `${count}`,
      '--seed',
      `${seed}`,
    );
    expect(code).toBe(0);
    await writeFile(path, stdout);
    return path;
  }
  async function imported(tenant: string, kind: string, path: string): Promise<Record<string, number>> {
    const { code, stdout, stderr } = await host.kams('--tenant', tenant, 'import', kind, path, '--json', '--result', result());
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Record<string, number>;
  }
  const rows = async () =>
    (await readFile(result(), 'utf8'))
      .trim()
      .split('\n')
      .map((it) => JSON.parse(it) as Record<string, unknown>);
  const people = async (path: string) =>
    parse<Record<'name' | 'email' | 'phone', string>>(await readFile(path, 'utf8'), { columns: true });
  const authorization = async () => `Bearer ${(await host.kams('token')).stdout.trim()}`;
  async function position(as: string): Promise<string> {
    const answer = await fetch(`${host.url}/operations/status`, { headers: { authorization: as } });
    return ((await answer.json()) as { head: string }).head;
  }
  const head = async (as?: string) => Number((await position(as ?? (await authorization()))).split('.')[1]);

  test('500 go in, and a second run changes nothing', async () => {
    const first = await imported('demo', 'contacts', file);
    expect(first).toMatchObject({ kind: 'contacts', rows: 500, created: 500, updated: 0, skipped: 0, rejected: 0 });
    expect(new Set((await rows()).map((it) => it['id'])).size).toBe(500);
    const before = await head();
    const second = await imported('demo', 'contacts', file);
    expect(second).toMatchObject({ rows: 500, created: 0, updated: 0, skipped: 500, rejected: 0 });
    expect(await head()).toBe(before);
    process.stdout.write(`contacts: 500 created in ${first['seconds']} s, 500 skipped in ${second['seconds']} s\n`);
  }, 60_000);

  test('one of them is found by name, by e-mail and by phone, at its account', async () => {
    const headers = { authorization: await authorization(), 'content-type': 'application/json' };
    const after = await position(headers.authorization);
    const post = async (body: object) => {
      const answer = await fetch(`${host.url}/contacts/search?after=${after}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { items: { person: object; accountId: string }[] }).items;
    };
    const one = (await people(file)).find((it) => /\p{Script=Han}/u.test(it.name) && it.email && it.phone)!;
    const { name, email, phone } = one;
    const [byMail, ...others] = await post({ email });
    expect(others).toEqual([]);
    expect(byMail).toMatchObject({ person: { name, email, phone } });
    for (const body of [{ name }, { phone }]) expect(await post(body)).toContainEqual(byMail);
    expect(await post({ name, accountId: byMail!.accountId })).toEqual([byMail]);
  });

  test('one at an account that nobody knows is rejected with that reason, and the others go on', async () => {
    const path = await sampleOf(2, 7);
    await appendFile(path, 'C-X,Nobody Ltd,Marker Person,marker@nobody.example,,,,,\nC-Y,Acme Corporation,Yvonne Marker,,,,,,\n');
    // The two are other persons under the keys of the first file.
    expect(await imported('demo', 'contacts', path)).toMatchObject({ rows: 4, created: 1, updated: 2, rejected: 1 });
    const rejected = (await rows()).find((it) => it['outcome'] === 'rejected');
    expect(rejected).toMatchObject({ line: 4, code: 'unknown-account', reason: expect.stringMatching(/There is no account/) });
  });

  test('nothing personal is in the results or in the log of the host', async () => {
    const strange = join(data, 'strange.csv');
    await writeFile(strange, (await readFile(file, 'utf8')).replaceAll('@', ' at ').replaceAll(',+', ',00'));
    const written: string[] = [];
    for (const [path, ...more] of [[file], [file, '--dry-run'], [strange], [strange, '--dry-run']] as [string, ...string[]][]) {
      const ran = await host.kams('import', 'contacts', path, '--result', result(), ...more);
      written.push(ran.stdout, ran.stderr, await readFile(result(), 'utf8'));
    }
    const all = [...written, host.said()].join('\n');
    expect(all).toContain('"outcome":"rejected"');
    for (const { name, email, phone } of await people(file)) {
      const parts = [name, email, email.split('@')[0]!, phone, phone.slice(1)].filter(Boolean);
      for (const part of parts) if (all.includes(part)) throw new Error(`${part} is written in the clear`);
    }
  }, 60_000);

  test('killed in the middle and run again, the import ends with the same events', async () => {
    const many = await sampleOf(5_000);
    for (const tenant of ['whole', 'cut']) await imported(tenant, 'accounts', accounts);
    const start = await head();
    await imported('whole', 'contacts', many);
    const middle = await head();

    const args = ['tools/kams.mjs', '--tenant', 'cut', 'import', 'contacts', many, '--json', '--result', result()];
    const cut = spawn(process.execPath, args, { env: host.env, cwd: join(__dirname, '../../..') });
    const gone = new Promise((done) => cut.once('exit', done));
    const as = await authorization();
    while ((await head(as)) === middle);
    cut.kill('SIGKILL');
    await gone;

    const done = await imported('cut', 'contacts', many);
    expect(done).toMatchObject({ rows: 5_000, updated: 0, rejected: 0 });
    expect([done['created']! > 0, done['skipped']! > 0, done['created']! + done['skipped']!]).toEqual([true, true, 5_000]);
    expect((await head()) - middle).toBe(middle - start);
    process.stdout.write(`contacts: ${done['skipped']} of 5,000 known from before the kill\n`);
  }, 120_000);
});

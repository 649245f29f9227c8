import { accountsService } from '@kams/accounts';
import { START, type Recorded } from '@kams/eventing';
import { postgresPersonKeys, type PostgresPersonKeys } from '@kams/eventing/personal/postgres-person-keys';
import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { masterKeysIn } from '@kams/platform/config/master-keys';
import { openKeys } from '@kams/platform/config/keys';
import { backup, restoreKeys, restoreLog } from '@kams/platform/run/backup';
import { freshDatabase, startTestServices, type TestServices } from '@kams/testing';
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let kams: TestServices;
let scratch: string;
const folder = (name: string) => join(scratch, name);

beforeAll(async () => {
  kams = await startTestServices([accountsService]);
  scratch = await mkdtemp(join(tmpdir(), 'kams-backup-'));
  await openKeys(folder('data'));
  for (let i = 0; i < 50; i++) await kams.post('/accounts', { profile: { name: `客户 ${i}\t\\N "quoted"` } });
});
afterAll(async () => {
  await kams?.stop();
  await rm(scratch, { recursive: true, force: true });
});

const allOf = async (url: string): Promise<{ epoch: string; events: readonly Recorded[] }> => {
  const store = await postgresStore({ connection: url });
  const { epoch } = await store.head();
  const { events } = await store.readAll(START, 100_000);
  await store.close();
  return { epoch, events };
};

test('a backup made while writes go on is restored event by event, under a new epoch, with the keys', async () => {
  let writing = true;
  const writer = (async () => {
    for (let i = 0; writing; i++) await kams.post('/accounts', { profile: { name: `During ${i}` } });
  })();
  const made = await backup(kams.databaseUrl, folder('data'), folder('first'), { KAMS_PORT: '3000' });
  writing = false;
  await writer;

  const other = await freshDatabase();
  await restoreLog(folder('first'), other.url);
  await restoreKeys(folder('first'), folder('restored'));
  const [original, restored] = [await allOf(kams.databaseUrl), await allOf(other.url)];
  expect(restored.events).toHaveLength(made.events);
  expect(restored.events).toEqual(original.events.slice(0, made.events));
  expect(restored.epoch).not.toBe(original.epoch);
  expect(made.settings).toEqual({ KAMS_PORT: '3000' });
  const keys = 'keys/installation.json';
  expect(await readFile(join(folder('restored'), keys), 'utf8')).toBe(await readFile(join(folder('data'), keys), 'utf8'));
  expect((await stat(join(folder('first'), keys))).mode & 0o077).toBe(0);
  await other.drop();
});

test('persons are readable again after a restore, those that were erased before the backup are not', async () => {
  const accountId = (await kams.post('/accounts', { profile: { name: 'Acme' } })).body.id as string;
  const register = async (name: string) => (await kams.post('/contacts', { accountId, person: { name } })).body.id as string;
  const [kept, gone] = [await register('Li Wei'), await register('Ann')];
  await kams.post(`/contacts/${gone}/erase`, { request: 'dsr-1' });
  const find = async (keys: PostgresPersonKeys, person: string) => keys.find({ tenantId: 'acme', person });
  const original = await postgresPersonKeys(kams.databaseUrl, await masterKeysIn(join(kams.data, 'keys', 'master.json')));
  while (await find(original, gone)) await new Promise((done) => setTimeout(done, 20));
  await backup(kams.databaseUrl, kams.data, folder('persons'), {});

  const other = await freshDatabase();
  await restoreLog(folder('persons'), other.url);
  await restoreKeys(folder('persons'), folder('persons-restored'));
  const restored = await postgresPersonKeys(
    other.url,
    await masterKeysIn(join(folder('persons-restored'), 'keys', 'master.json')),
  );
  expect(await find(restored, kept)).toEqual(await find(original, kept));
  expect(await find(restored, kept)).toHaveLength(32);
  expect(await find(restored, gone)).toBeUndefined();
  for (const it of [original, restored]) await it.close();
  await other.drop();
});

test('nothing is written over: neither a backup, nor a store, nor an installation', async () => {
  await expect(backup(kams.databaseUrl, folder('data'), folder('first'), {})).rejects.toThrow(/is not empty/);
  await expect(restoreLog(folder('first'), kams.databaseUrl)).rejects.toThrow(/has an event store with events/);
  await expect(restoreKeys(folder('first'), folder('data'))).rejects.toThrow(/is an installation already/);
});

test('a backup that was changed, or not finished, is refused before anything is touched', async () => {
  await backup(kams.databaseUrl, folder('data'), folder('damaged'), {});
  const other = await freshDatabase();
  await appendFile(join(folder('damaged'), 'es.events.copy.gz'), 'x');
  await expect(restoreLog(folder('damaged'), other.url)).rejects.toThrow(/es.events.copy.gz was changed or damaged/);
  await rm(join(folder('damaged'), 'manifest.json'));
  await expect(restoreLog(folder('damaged'), other.url)).rejects.toThrow(/was not finished/);
  await other.drop();
});

import type { Person } from '@kams/eventing';
import {
  postgresPersonKeys,
  unwrap,
  type MasterKeys,
  type PostgresPersonKeys,
} from '@kams/eventing/personal/postgres-person-keys';
import { freshDatabase, type TestDatabase } from '@kams/testing/postgres';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { masterKeysIn } from '../src/config/master-keys';

let database: TestDatabase;
let folder: string;
const opened: PostgresPersonKeys[] = [];
const path = () => join(folder, 'keys', 'master.json');

/** As a process has it: its own connections, its own memory of the file. */
async function another(master?: MasterKeys): Promise<PostgresPersonKeys> {
  const it = await postgresPersonKeys(database.url, master ?? (await masterKeysIn(path())));
  opened.push(it);
  return it;
}
const someone = (person: string): Person => ({ tenantId: 'acme', person });
const people = (n: number): Person[] => Array.from({ length: n }, (_, i) => someone(`p${i}`));

interface Row {
  readonly person: string;
  readonly version: number;
  readonly wrapped: Buffer | null;
}
async function rows(): Promise<Row[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Row>('select person, version, wrapped from keys.person order by person')).rows;
  } finally {
    await client.end();
  }
}
const versionsInFile = async (): Promise<number[]> =>
  Object.keys((JSON.parse(await readFile(path(), 'utf8')) as { keys: object }).keys).map(Number);

beforeEach(async () => {
  database = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), 'kams-person-keys-'));
});
afterEach(async () => {
  for (const it of opened.splice(0)) await it.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

describe('the keys of persons', () => {
  test('are made once, whoever asks first, and are there for every process', async () => {
    const [a, b] = await Promise.all([another(), another()]);
    const asked = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b).obtain(someone('p'))));
    expect(new Set(asked.map((it) => it!.toString('hex'))).size).toBe(1);
    expect(asked[0]).toHaveLength(32);
    expect(await (await another()).find(someone('p'))).toEqual(asked[0]);
    expect(await a.find(someone('q'))).toBeUndefined();
    expect(await a.find({ tenantId: 'other', person: 'p' })).toBeUndefined();
  });

  test('stand in the database wrapped', async () => {
    const keys = await another();
    const key = await keys.obtain(someone('p'));
    const [row] = await rows();
    expect(row!.wrapped!.includes(key!)).toBe(false);
  });

  test('of others stay what they were when one is destroyed, in every process', async () => {
    const [a, b] = await Promise.all([another(), another()]);
    const before = await Promise.all(people(50).map((it) => a.obtain(it)));
    await a.destroy([someone('p7')]);
    for (const keys of [a, b, await another()]) {
      const after = await Promise.all(people(50).map((it) => keys.find(it)));
      expect(after.map((it) => it?.toString('hex'))).toEqual(before.map((it, i) => (i === 7 ? undefined : it!.toString('hex'))));
      expect(await keys.obtain(someone('p7'))).toBeUndefined();
    }
  });

  test('P14 can not be brought back from what is left of them on disk, with all keys that there are', async () => {
    const keys = await another();
    await Promise.all(people(3).map((it) => keys.obtain(it)));
    const left = await rows();
    await keys.destroy([someone('p1')]);
    const master = await masterKeysIn(path());
    for (const version of await master.versions()) {
      const key = await master.get(version);
      for (const row of left) expect(() => unwrap(row.wrapped!, key, someone(row.person))).toThrow();
    }
    expect(await versionsInFile()).toEqual([2]);
    expect((await rows()).map((it) => it.version)).toEqual([2, 1, 2].map((it, i) => (i === 1 ? expect.any(Number) : it)));
  });

  test('are destroyed once: a second time changes nothing, not even the master key', async () => {
    const keys = await another();
    await keys.obtain(someone('p'));
    await keys.destroy([someone('p'), someone('never-seen')]);
    await keys.destroy([someone('p'), someone('never-seen')]);
    expect(await versionsInFile()).toEqual([2]);
    expect(await keys.obtain(someone('never-seen'))).toBeUndefined();
  });

  test.each(['before the new version is in the database', 'before the old version is gone'])(
    'survive a process that is killed %s, and the next one ends what it began',
    async (moment) => {
      const keys = await another();
      const before = await Promise.all(people(20).map((it) => keys.obtain(it)));
      const master = await masterKeysIn(path());
      const dying: MasterKeys = {
        ...master,
        add: async (version) => {
          const made = await master.add(version);
          if (moment.startsWith('before the new')) throw new Error('killed');
          return made;
        },
        keepOnly: async () => {
          throw new Error('killed');
        },
      };
      const killed = await another(dying);
      await expect(killed.destroy([someone('p3')])).rejects.toThrow('killed');
      expect(await versionsInFile()).toEqual([1, 2]);

      const next = await another();
      expect(await versionsInFile()).toEqual([moment.startsWith('before the new') ? 1 : 2]);
      await next.destroy([someone('p3')]);
      expect(await versionsInFile()).toEqual([2]);
      const after = await Promise.all(people(20).map((it) => next.find(it)));
      expect(after.map((it) => it?.toString('hex'))).toEqual(before.map((it, i) => (i === 3 ? undefined : it!.toString('hex'))));
    },
  );

  test('are not lost when keys are made and destroyed by several processes at once', async () => {
    const processes = await Promise.all([another(), another(), another()]);
    const made = new Map<string, string>();
    const work = processes.map(async (keys, p) => {
      for (let i = 0; i < 40; i++) {
        const person = someone(`p${p}-${i}`);
        made.set(person.person, (await keys.obtain(person))!.toString('hex'));
        if (i % 10 === 9) await keys.destroy([someone(`p${p}-${i - 5}`)]);
      }
    });
    await Promise.all(work);
    const last = await another();
    for (const [person, key] of made) {
      const isErased = /-(4|14|24|34)$/.test(person);
      expect((await last.find(someone(person)))?.toString('hex')).toBe(isErased ? undefined : key);
    }
    expect(await versionsInFile()).toHaveLength(1);
  });

  test('need the file that belongs to the database', async () => {
    const keys = await another();
    await keys.obtain(someone('p'));
    await keys.destroy([someone('q')]);
    await rm(path());
    await expect(another()).rejects.toThrow('bring back the file that belongs to this database');
  });
});

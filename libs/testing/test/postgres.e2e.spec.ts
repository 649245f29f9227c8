import { freshDatabase } from '../src/postgres';
import { Client } from 'pg';

async function connect(url: string): Promise<Client> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('two databases of one run do not see each other, and are as durable as in life', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
  const [first, second] = await Promise.all([connect(one.url), connect(two.url)]);
  await first.query('create table t (x int)');
  const { rows } = await second.query(`select to_regclass('t') as t, current_setting('fsync') as fsync`);
  expect(rows).toEqual([{ t: null, fsync: 'on' }]);
  await Promise.all([first.end(), second.end()]);
  await Promise.all([one.drop(), two.drop()]);
});

test('a database is dropped although a session is open', async () => {
  const database = await freshDatabase();
  const left = await connect(database.url);
  await database.drop();
  await expect(left.query('select 1')).rejects.toThrow();
  await expect(connect(database.url)).rejects.toMatchObject({ code: '3D000' });
});

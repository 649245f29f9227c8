import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'kams-kafka-'))));
afterEach(() => rm(folder, { recursive: true }));

/** What `npm run kafka` says where programs are found in `PATH` only. */
const kafka = (PATH: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'tools/kafka.mjs'), ...args], {
    env: { ...process.env, PATH, JAVA_HOME: '', KAMS_DATA: folder },
  }).then(
    ({ stdout }) => ({ code: 0, says: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, says: stderr }),
  );

test('without Java it says what is missing, and leaves nothing behind', async () => {
  expect(await kafka(folder)).toEqual({
    code: 1,
    says: 'Kafka needs Java 17 or later: there is no java. Install one, or set JAVA_HOME.\n',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a Java that is too old is named', async () => {
  await writeFile(join(folder, 'java'), '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n', { mode: 0o755 });
  expect(await kafka(folder)).toEqual({ code: 1, says: 'Kafka needs Java 17 or later: java is 11.\n' });
});

test('to stop what does not run is no mistake', async () => {
  expect(await kafka(folder, 'stop')).toEqual({ code: 0, says: `No Kafka of ${join(folder, 'kafka')} is running.\n` });
});

test.each(['0', '65536', 'x'])('%s is no port', async (port) => {
  expect(await kafka(folder, '--port', port)).toMatchObject({ code: 1, says: expect.stringContaining('from 1 to 65535') });
});

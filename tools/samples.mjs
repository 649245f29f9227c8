// Adds the samples of events that have none yet. What is there stays as it is.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const env = { ...process.env, KAMS_SAMPLES: 'write' };
process.exitCode = spawnSync(process.execPath, [jest, 'samples\\.spec'], { env, stdio: 'inherit' }).status ?? 1;

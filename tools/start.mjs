// Builds, then runs the host in this process: signals reach it as they are.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import swc from './swc.cjs';

await build();
createRequire(import.meta.url)(join(swc.root, 'dist/services/host/src/main.js'));

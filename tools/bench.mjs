// Builds, then measures in this process: Node's own options (`node --cpu-prof tools/bench.mjs append`) reach what is measured.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from './build.mjs';
import swc from './swc.cjs';

await build();
createRequire(import.meta.url)(join(swc.root, 'dist/bench/main.js'));

// Loaded into every process that a test starts, before the program. Ends it with the test that started it, and gives its
// places their signal.
import type { PointsHook } from '@kams/eventing/point';
import { AT_POINT, read } from './killpoints';

// The other end is the test process: however that ends, this one is told. A group of its own is not reached by Ctrl-C.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
(process.stdin as { unref?(): void }).unref?.();

const order = process.env[AT_POINT];
// A host refuses settings that it does not know, and its children are not meant.
delete process.env[AT_POINT];
if (order !== undefined) {
  const at = read(order);
  let passed = 0;
  (globalThis as PointsHook).kamsAtPoint = (point) => {
    if (point === at.point && ++passed % at.passing === 0) process.kill(process.pid, at.signal);
  };
}

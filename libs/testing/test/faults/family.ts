// A process with a child that holds out; it says the child's number, and then that it lives.
import { spawn } from 'node:child_process';

const child = spawn('sleep', ['60'], { stdio: 'ignore' });
process.send!(child.pid);
setInterval(() => process.send!('alive'), 10);

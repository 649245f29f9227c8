// A process that passes a place again and again, and says so.
import { point } from '@kams/eventing/point';

let passed = 0;
const pass = () => {
  process.send!(passed);
  point('append.before-lock');
  passed++;
};
setInterval(pass, 5);

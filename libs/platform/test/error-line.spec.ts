import { errorLine } from '../src/run/run-program';

test('an error is logged by name, and nothing that a library hangs on it', () => {
  const error = Object.assign(new Error('terminating connection'), {
    code: '57P01',
    client: { secretKey: 4711, password: 'hidden' },
  });
  const line = JSON.stringify(errorLine(error));
  expect(JSON.parse(line)).toEqual({ type: 'Error', message: 'terminating connection', code: '57P01', stack: error.stack });
  expect(line).not.toMatch(/4711|hidden/);
});

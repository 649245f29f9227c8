// One line a suite, before it one for each promise that it proves, and at the very end how many tests passed and failed.
const PROMISE = /^(P\d+ )+(pass|FAIL) /;

class Summary {
  onTestResult(_test, { testFilePath, numPassingTests, numFailingTests, numPendingTests, testExecError, perfStats, console }) {
    for (const { message } of console ?? []) if (PROMISE.test(message)) process.stdout.write(`${message}\n`);
    const name = testFilePath.replace(`${process.cwd()}/`, '');
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1);
    const state = numFailingTests > 0 || testExecError ? 'FAIL' : 'ok  ';
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    process.stdout.write(`${state} ${name} (${numPassingTests} passed, ${numFailingTests} failed${skipped}; ${seconds} s)\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }) {
    for (const { failureMessage } of testResults) if (failureMessage) process.stdout.write(`\n${failureMessage}\n`);
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
module.exports = Summary;

// One line a suite, before it one for each promise that it proves, and at the very end how many tests passed and failed.
const PROMISE = /^(P\d+ )+(pass|FAIL) /;

class Summary {
  onTestResult(_test, { testFilePath, numPassingTests, numFailingTests, numPendingTests, testExecError, perfStats, console }) {
    const isFailed = numFailingTests > 0 || testExecError;
    // A promise is kept when everything is that is tested of it there, and not only what its line counts.
    const lines = (console ?? []).map(({ message }) => message).filter((it) => PROMISE.test(it));
    for (const it of lines) process.stdout.write(`${isFailed ? it.replace(' pass ', ' FAIL ') : it}\n`);
    const name = testFilePath.replace(`${process.cwd()}/`, '');
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1);
    const state = isFailed ? 'FAIL' : 'ok  ';
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    process.stdout.write(`${state} ${name} (${numPassingTests} passed, ${numFailingTests} failed${skipped}; ${seconds} s)\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }) {
    for (const { failureMessage } of testResults) if (failureMessage) process.stdout.write(`\n${failureMessage}\n`);
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
module.exports = Summary;

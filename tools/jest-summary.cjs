// One line a suite, before it one for each promise that it proves, behind it what failed; at the very end how many tests passed and failed.
const PROMISE = /^(P\d+ )+(pass|FAIL) /;

class Summary {
  onTestResult(_test, result) {
    const { testFilePath, numPassingTests, numFailingTests, numPendingTests, testExecError, perfStats, console, failureMessage } =
      result;
    const isFailed = numFailingTests > 0 || testExecError;
    // A promise is kept when everything is that is tested of it there, and not only what its line counts.
    const lines = (console ?? []).map(({ message }) => message).filter((it) => PROMISE.test(it));
    for (const it of lines) process.stdout.write(`${isFailed ? it.replace(' pass ', ' FAIL ') : it}\n`);
    const name = testFilePath.replace(`${process.cwd()}/`, '');
    const seconds = ((perfStats.end - perfStats.start) / 1000).toFixed(1);
    const state = isFailed ? 'FAIL' : 'ok  ';
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    process.stdout.write(`${state} ${name} (${numPassingTests} passed, ${numFailingTests} failed${skipped}; ${seconds} s)\n`);
    // At once: a run that is ended from outside has told what it knew.
    if (failureMessage) process.stdout.write(`\n${failureMessage}\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
module.exports = Summary;

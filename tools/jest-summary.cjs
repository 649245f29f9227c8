// One line a suite, and at the very end how many tests passed and failed.
class Summary {
  onTestResult(_test, { testFilePath, numPassingTests, numFailingTests, numPendingTests, testExecError, perfStats }) {
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

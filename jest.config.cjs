const { options, root } = require('./tools/swc.cjs');

// The aliases are Jest's to resolve here; in the build they become relative paths.
const { baseUrl: _baseUrl, paths, ...jsc } = options.jsc;
const aliases = Object.entries(paths).map(([alias, [target]]) => [
  `^${alias.replace('*', '(.*)')}$`,
  target.replace('./', '<rootDir>/').replace('*', '$1'),
]);

/** @type {import('jest').Config} */
module.exports = {
  rootDir: root,
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/tools'],
  testEnvironment: 'node',
  globalSetup: '<rootDir>/libs/testing/src/jest-postgres-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/jest-postgres-teardown.ts',
  testRegex: '\\.spec\\.ts$',
  moduleNameMapper: Object.fromEntries(aliases),
  transform: {
    '^.+\\.ts$': ['@swc/jest', { swcrc: false, module: options.module, jsc, sourceMaps: 'inline' }],
    '^.+\\.m?js$': '<rootDir>/tools/jest-transform.cjs',
  },
  transformIgnorePatterns: [],
  reporters: ['<rootDir>/tools/jest-summary.cjs'],
  // All cores: suites wait for processes to die and to start more than they compute. Jest would leave one of two idle.
  maxWorkers: '100%',
  // A limit for what hangs, and none of speed: machines differ.
  testTimeout: 60_000,
};

import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const kinds = (...names) => names.map((name) => `kind:${name}`);

// Who may import whom. A project without a line here may import nothing: there is no `*` -> `*`, which would enforce nothing.
const boundaries = [
  { sourceTag: 'kind:contracts', onlyDependOnLibsWithTags: kinds('contracts'), allowedExternalImports: ['zod'] },
  { sourceTag: 'kind:methods', onlyDependOnLibsWithTags: kinds('contracts', 'methods') },
  {
    sourceTag: 'kind:eventing',
    onlyDependOnLibsWithTags: kinds('contracts', 'eventing', 'testing'),
    bannedExternalImports: ['@nestjs/*', 'typeorm', 'prom-client', '@opentelemetry/sdk-*', '@opentelemetry/exporter-*'],
  },
  { sourceTag: 'kind:platform', onlyDependOnLibsWithTags: kinds('contracts', 'methods', 'eventing', 'platform', 'testing') },
  { sourceTag: 'kind:testing', onlyDependOnLibsWithTags: kinds('contracts', 'methods', 'eventing', 'platform', 'testing') },
  {
    sourceTag: 'kind:kernel',
    onlyDependOnLibsWithTags: kinds('contracts', 'methods', 'eventing', 'platform', 'kernel', 'testing'),
  },
  {
    sourceTag: 'kind:service',
    onlyDependOnLibsWithTags: kinds('contracts', 'methods', 'eventing', 'platform', 'kernel', 'testing'),
  },
  {
    sourceTag: 'kind:host',
    onlyDependOnLibsWithTags: kinds('contracts', 'methods', 'eventing', 'platform', 'kernel', 'testing', 'service', 'host'),
  },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '.kams/**'] },
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: boundaries,
          // The tests of these stand on the harness, and the harness on them; that no source file does is ruled below.
          ignoredCircularDependencies: [
            ['eventing', 'testing'],
            ['platform', 'testing'],
          ],
          checkDynamicDependenciesExceptions: ['.*'],
        },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name=/^(orderBy|addSelect|having)$/] > TemplateLiteral[expressions.length>0]',
          message: 'Sort and select names come from a map, never from text put together (typeorm runs what it is given).',
        },
        {
          selector:
            "CallExpression[callee.object.name='Promise'][callee.property.name='all'] MemberExpression[object.name=/^(manager|tx)$/]",
          message: 'One statement after another inside a transaction: typeorm lets a late one run after the rollback.',
        },
        {
          selector: 'CallExpression[callee.property.name=/^(findOneBy|findBy|delete)$/] > ObjectExpression[properties.length=0]',
          message: 'Empty criteria match every row.',
        },
      ],
    },
  },
  {
    files: ['libs/*/src/**/*.ts', 'services/*/src/**/*.ts'],
    ignores: ['libs/testing/**', 'libs/kernel/src/domain/**', 'services/*/src/domain/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^@kams/testing', message: 'The harness is for tests.' }] }],
    },
  },
  {
    // The rules of the business: no framework, no input or output, no clock, no chance.
    files: ['libs/kernel/src/domain/**/*.ts', 'services/*/src/domain/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!@kams/contracts/|@kams/methods/|@kams/eventing/pure$|\\./)',
              message: 'A rule imports contracts, methods and @kams/eventing/pure, and nothing else.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'fetch', 'process', 'setTimeout', 'setInterval', 'crypto', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes in with the command.' },
        { object: 'Date', property: 'now', message: 'Time comes in with the command.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes in with the command.' },
      ],
    },
  },
  prettier,
);

// One set of compiler options for the build and for the tests.
const { join } = require('node:path');

const root = join(__dirname, '..');
const { compilerOptions } = require('../tsconfig.base.json');

exports.root = root;
exports.options = {
  cwd: root,
  swcrc: false,
  sourceMaps: true,
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    baseUrl: root,
    paths: compilerOptions.paths,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const processModules = ['child_process', 'node:child_process'];

export default tseslint.config(
  { ignores: ['node_modules/**', 'schemas/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-params': ['error', 4],
      // A field is left out of an object by naming it beside the rest.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
        {
          selector:
            ':matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression',
          message: 'Use a function declaration.',
        },
      ],
    },
  },
  {
    // What others write must not hold the daemon: a pattern takes time in proportion to its text.
    files: ['src/**/*.ts', 'cmd/**/*.ts'],
    plugins: { regexp },
    rules: { 'regexp/no-super-linear-backtracking': 'error', 'regexp/no-super-linear-move': 'error' },
  },
  {
    // One module starts processes, so that argv, deadlines and output caps are decided once.
    files: ['src/**/*.ts', 'cmd/**/*.ts'],
    ignores: ['src/drivers/exec.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: processModules }] },
  },
  {
    // Pure code reads no clock and draws no random number.
    files: ['src/api/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['node:fs*', 'node:net', 'node:http*', 'node:child_process', 'node:timers*', 'node:os'] },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'fetch', 'process'],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts', 'cmd/**/*.ts', 'src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // node:test's describe() and it() return promises that the runner awaits itself.
    files: ['test/**/*.test.ts', 'test/**/*-suite.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
);

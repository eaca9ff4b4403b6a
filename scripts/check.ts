import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Format, lint, layer rule, types and generated files: `npm run check`; `npm run fix` mends what can be mended. */
const top = join(import.meta.dirname, '..');
const fix = process.argv.includes('--fix');

function bin(name: string): string {
  return join(top, 'node_modules/.bin', name);
}

const steps: readonly (readonly [string, readonly string[]])[] = [
  ['format', [bin('prettier'), fix ? '--write' : '--check', '--log-level', 'warn', '.']],
  ['lint', [bin('eslint'), ...(fix ? ['--fix'] : []), '--max-warnings', '0', '.']],
  [
    'layers',
    [bin('depcruise'), '--config', '.dependency-cruiser.json', '--output-type', 'err', 'src', 'cmd'],
  ],
  ['types', [bin('tsc'), '-p', '.']],
  ['generated', [process.execPath, join(top, 'scripts/generate.ts'), ...(fix ? [] : ['--check'])]],
];

for (const [name, [command = '', ...args]] of steps) {
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: top, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) {
    console.error(`${name} failed; npm run fix mends what can be mended`);
    process.exit(1);
  }
  console.log(`${name} ok (${Math.round((performance.now() - started) / 100) / 10} s)`);
}

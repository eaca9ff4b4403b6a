import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

type Step = (typeof steps)[number];

/** @returns whether it found nothing to say */
async function take([name, [command = '', ...args]]: Step): Promise<boolean> {
  const started = performance.now();
  const child = spawn(command, args, { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void said.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(said));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (code === 0) console.log(`${name} ok (${seconds} s)`);
  else console.error(`${name} failed; npm run fix mends what can be mended`);
  return code === 0;
}

/** What mends files goes one after the other; what only looks at them, at once. */
const results: boolean[] = [];
if (fix) for (const step of steps) results.push(await take(step));
else results.push(...(await Promise.all(steps.map(take))));
process.exitCode = results.includes(false) ? 1 : 0;

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { inspect } from 'node:util';

/**
 * `npm test`: check, unit tests, end-to-end tests in the lab; `npm run unit` and `npm run e2e` are parts of it.
 * Ends with a line `N passed, N failed`.
 */
const top = join(import.meta.dirname, '..');
const [only, ...named] = process.argv.slice(2);

/** Their tests need what takes minutes to build. */
const BUILT = ['test/e2e/', 'test/control-plane/'];

const suites = {
  unit: { glob: ['test/**/*.test.ts'], exclude: BUILT, concurrency: 2, timeoutMs: 120_000 },
  // Each has a lab or an API server of its own. Two at once keep two cores busy: most of the time guests are waited for.
  e2e: {
    glob: BUILT.map((directory) => `${directory}*.test.ts`),
    exclude: [],
    concurrency: 2,
    timeoutMs: 1_500_000,
  },
} as const;

/** It takes longest, and comes first, so that it is not left alone at the end. */
const FIRST = 'test/e2e/load-balancer.test.ts';
/** A second emulated Debian at the same time makes both too slow: it comes when the first is over. */
const MIDDLE = 'test/e2e/debian.test.ts';

interface Count {
  passed: number;
  /** What failed, as `file: test` and below it how. */
  failed: string[];
  skipped: number;
}

function filesOf(suite: keyof typeof suites): string[] {
  if (named.length > 0) return named.map((path) => join(process.cwd(), path));
  const { glob, exclude } = suites[suite];
  const found = globSync(glob, { cwd: top }).filter(
    (path) => !exclude.some((directory) => path.startsWith(directory)),
  );
  return ordered(found).map((path) => join(top, path));
}

function ordered(paths: readonly string[]): string[] {
  const others = paths.filter((path) => path !== FIRST && path !== MIDDLE).sort();
  const half = Math.ceil(others.length / 2);
  return [FIRST, ...others.slice(0, half), MIDDLE, ...others.slice(half)].filter((path) =>
    paths.includes(path),
  );
}

async function runSuite(suite: keyof typeof suites, count: Count): Promise<void> {
  const files = filesOf(suite);
  if (files.length === 0) throw new Error(`cannot test: there are no ${suite} tests`);
  const { concurrency, timeoutMs } = suites[suite];
  // Who names files may have asked for hours of them.
  const timeout = named.length > 0 ? Infinity : timeoutMs;
  const stream = run({ files, concurrency, timeout, cwd: top });
  stream.on('test:pass', (event) => {
    // The tests of a suite that is skipped are told of nowhere else.
    if (event.skip !== undefined || event.todo !== undefined) count.skipped += 1;
    else if (event.details.type !== 'suite') count.passed += 1;
  });
  stream.on('test:fail', ({ name, file, details }) => {
    // A suite whose tests failed is no failure of its own; one that could not be made, or whose hook failed, is.
    const { failureType } = details.error as Error & { failureType?: string };
    if (details.type === 'suite' && failureType === 'subtestsFailed') return;
    count.failed.push(`${relative(top, file ?? '')}: ${name}\n${howItFailed(details.error)}`);
  });
  for await (const line of stream.compose(spec)) process.stdout.write(String(line));
}

/** The first lines of what was thrown: enough to tell a cause by, where the log above is cut. */
function howItFailed(error: Error): string {
  const lines = inspect(error.cause ?? error).split('\n');
  return lines
    .slice(0, 30)
    .map((line) => `  ${line}`)
    .join('\n');
}

/** What the tests run beside Node: the real virsh with libvirt's test driver, qemu-img, xorriso, promtool. */
function installPackages(): void {
  const { status } = spawnSync('sh', [join(top, 'scripts/test-packages.sh')], { stdio: 'inherit' });
  if (status !== 0)
    throw new Error('cannot test: the Debian packages that the tests need could not be installed');
}

function check(): boolean {
  return spawnSync(process.execPath, [join(top, 'scripts/check.ts')], { stdio: 'inherit' }).status === 0;
}

/**
 * What the labs boot from takes minutes to build where it lacks, mostly waiting for the mirror and the disk.
 * What goes wrong is told again by the first test that wants it.
 */
async function buildLabs(): Promise<void> {
  const argv = ['-n', '10', process.execPath, join(top, 'test/lab/main.ts'), 'build'];
  await once(spawn('nice', argv, { stdio: ['ignore', 'inherit', 'inherit'] }), 'close');
}

const count: Count = { passed: 0, failed: [], skipped: 0 };
installPackages();
const labs = only === undefined ? buildLabs() : undefined;
if (only === undefined && !check()) count.failed.push('npm run check');
if (only === undefined || only === 'unit') await runSuite('unit', count);
await labs;
if (only === undefined || only === 'e2e') await runSuite('e2e', count);
// The log of the end-to-end tests is long: what failed before it stands below it again.
for (const test of count.failed) console.log(`failed: ${test}`);
const skippedInCi = process.env['CI'] === 'true' ? count.skipped : 0;
if (skippedInCi > 0) console.log(`${skippedInCi} skipped: in CI that is a failure`);
const failed = count.failed.length + skippedInCi;
console.log(`${count.passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { withProgress } from '../progress.ts';
import { corpusOf } from './corpus.ts';
import { feed, heapUsed } from './guard.ts';
import { mutants } from './mutate.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets/list.ts';

/**
 * K8SLAB_FUZZ: how many inputs, over all targets; K8SLAB_SEED: those of an earlier run. With neither they are the same ones each
 * time, so that a commit that passed passes again, and no more than 15 seconds allow. K8SLAB_FUZZ_TARGET: that one alone.
 */
const { K8SLAB_FUZZ: wanted, K8SLAB_SEED: seed, K8SLAB_FUZZ_TARGET: only } = process.env;
const total = Number(wanted ?? 20_000);
const chosen = seed === undefined ? {} : { seed: Number(seed) };
const shares = TARGETS.reduce((sum, { share }) => sum + share, 0);
/** MiB that may stay in use after all inputs of a target: caches have their limits. */
const MAX_GROWTH = 48;

for (const target of TARGETS.filter(({ name }) => only === undefined || name === only)) {
  describe(`what reads ${target.name}`, () => {
    for (const { name, input } of corpusOf(target.name))
      it(`reads ${name}`, async () => {
        const subject = await target.open();
        await feed(subject, input).finally(() => subject.close?.());
      });

    it('never crashes, hangs or loses anything', { timeout: 7_200_000 }, (t) => {
      const numRuns = Math.ceil((total * target.share) / shares);
      return fuzz(target, numRuns).then((told) => t.diagnostic(told));
    });
  });
}

async function fuzz(target: Target, numRuns: number): Promise<string> {
  const seeds = [...(target.samples?.() ?? []), ...corpusOf(target.name).map(({ input }) => input)];
  const limited = wanted === undefined && seed === undefined;
  const always = { seed: 1, interruptAfterTimeLimit: 15_000 / TARGETS.length };
  const subject = await target.open();
  const [started, before] = [performance.now(), heapUsed()];
  const progress = { total: numRuns, what: `inputs of ${target.name}` };
  const inputs = mutants({ seeds, words: target.words ?? [], maxBytes: target.maxBytes });
  const run = await fc
    .check(
      fc.asyncProperty(
        inputs,
        withProgress(progress, (input: Buffer) => feed(subject, input)),
      ),
      { numRuns, ...(limited ? always : chosen) },
    )
    .finally(() => subject.close?.());
  if (run.failed && run.counterexample !== null) fail(target, run);
  assert.ok(run.numRuns > 0, 'no time was left for any input');
  const growth = heapUsed() - before;
  assert.ok(growth < MAX_GROWTH, `${Math.round(growth)} MiB stay in use`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return `${run.numRuns} inputs in ${seconds} s, seed ${run.seed}, ${growth.toFixed(1)} MiB more in use`;
}

function fail(
  { name }: Target,
  { counterexample, seed: used, errorInstance }: fc.RunDetails<[Buffer]>,
): never {
  const [input] = counterexample ?? [Buffer.alloc(0)];
  const kept = join(tmpdir(), `k8slab-fuzz-${name}-${used}`);
  writeFileSync(kept, input);
  const shown = inspect(input.toString(), { maxStringLength: 400, breakLength: Infinity });
  const why =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  assert.fail(`K8SLAB_SEED=${used}, ${input.length} bytes kept in ${kept}: ${shown}\n${why}`);
}

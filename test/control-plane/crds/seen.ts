import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvelope } from '../../../src/api/manifest/envelope.ts';
import { runSteps } from '../../../src/api/manifest/steps.ts';
import { readYaml } from '../../../src/api/manifest/yaml.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { API_VERSION } from '../../../src/api/meta.ts';
import { mustRun } from '../../lab/processes.ts';
import type { Manifest } from './mutations.ts';

const top = join(import.meta.dirname, '../../..');
/** They hand manifests to the parser, good and bad ones. */
const TESTS = [
  'test/api/manifest/*.test.ts',
  'test/api/{network,node,image}/check.test.ts',
  'test/api/load-balancer/manifest.test.ts',
];
/** Longer ones are to try the reader of YAML. */
const LONGEST = 300_000;

/** The objects of all manifests that the tests of manifests use, each once. */
export async function seenManifests(): Promise<Manifest[]> {
  const directory = mkdtempSync(join(tmpdir(), 'k8slab-seen-'));
  const seen = join(directory, 'texts');
  const hook = join(import.meta.dirname, 'seen-hook.ts');
  const tests = globSync(TESTS, { cwd: top });
  // Node runs no tests within tests as long as this is set.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    await mustRun([process.execPath, '--import', hook, '--test', ...tests], {
      cwd: top,
      env: { ...env, K8SLAB_SEEN: seen },
      timeoutMs: 600_000,
    });
    const lines = readFileSync(seen, 'utf8').split('\n');
    const texts = lines.filter((line) => line !== '' && line.length < LONGEST);
    return unique(texts.flatMap((line) => manifestsIn(JSON.parse(line) as string)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Those that people begin with. */
export function exampleManifests(): Manifest[] {
  const files = globSync('manifests/**/*.yaml', { cwd: top });
  return unique(files.flatMap((path) => manifestsIn(readFileSync(join(top, path), 'utf8'))));
}

/** The documents that could be read and are of a kind of ours: kubectl sends nothing else. */
function manifestsIn(text: string): Manifest[] {
  const { documents } = runSteps(readYaml(text));
  return documents
    .flatMap((document) => openEnvelope(document, KINDS))
    .filter(({ whole, issues }) => whole && issues.length === 0)
    .map(({ value }) => value as Partial<Manifest> | null)
    .filter(isOurs);
}

function isOurs(value: Partial<Manifest> | null): value is Manifest {
  return value?.['apiVersion'] === API_VERSION && KINDS.manifest(value.kind) !== undefined;
}

function unique(manifests: readonly Manifest[]): Manifest[] {
  const texts = new Set(manifests.map((each) => JSON.stringify(each)));
  return [...texts].map((text) => JSON.parse(text) as Manifest);
}

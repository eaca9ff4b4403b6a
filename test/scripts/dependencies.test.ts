import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const top = join(import.meta.dirname, '../..');

/** They ask for no more than that their text goes along. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'PSF-2.0',
]);
const AUDIT = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=10000'];

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

interface Manifest {
  readonly license?: string;
  /** As old packages have it. */
  readonly licenses?: readonly { readonly type: string }[];
}

interface Audit {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>;
}

function read(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(top, ...path), 'utf8'));
}

describe('what is installed beside k8slab', () => {
  it('has licences that let it be given on', (t) => {
    const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
    const used = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const installed = used.filter(([path]) => existsSync(join(top, path)));
    const missing = used.filter(([path, { optional }]) => optional !== true && !existsSync(join(top, path)));
    const licences = installed.map(([path]) => {
      const { license, licenses = [] } = read(path, 'package.json') as Manifest;
      return [path, license ?? licenses.map(({ type }) => type).join(' OR ')] as const;
    });

    t.diagnostic(
      `${installed.length} packages: ${[...new Set(licences.map(([, name]) => name))].sort().join(', ')}`,
    );
    assert.deepEqual(missing, []);
    assert.deepEqual(
      licences.filter(([, name]) => !ALLOWED.has(name)),
      [],
    );
  });

  it('has no fault of high or critical severity that the registry knows of, where it tells', (t) => {
    const { stdout } = spawnSync('npm', AUDIT, { cwd: top, encoding: 'utf8', timeout: 30_000 });
    const audit = parsed(stdout);
    if (audit?.metadata === undefined) {
      t.diagnostic('not reachable: the registry answers no audit');
      return;
    }
    const bad = Object.entries(audit.vulnerabilities ?? {}).filter(([, { severity }]) =>
      ['high', 'critical'].includes(severity),
    );
    assert.deepEqual(bad, []);
  });
});

/** Undefined where npm is not there, or was ended. */
function parsed(text: string | null): Audit | undefined {
  try {
    return JSON.parse(text ?? '') as Audit;
  } catch {
    return undefined;
  }
}

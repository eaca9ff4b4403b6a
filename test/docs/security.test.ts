import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pages } from './pages.ts';

const top = join(import.meta.dirname, '../..');

/** The rows of its tables that name a test: file and name. */
function namedTests(): [file: string, name: string][] {
  const page = pages().find(({ path }) => path === 'docs/security.md');
  const rows = (page?.text ?? '').matchAll(/^\| [^|\n]+\| `(test\/[^`]+)` *\| ([^|\n]+?) *\|$/gm);
  return [...rows].map(([, file = '', name = '']) => [file, name]);
}

describe('the ways that docs/security.md names', () => {
  it('are each held by a test of that file and name', () => {
    const named = namedTests();
    const missing = named.filter(([file, name]) => {
      const path = join(top, file);
      return (
        !existsSync(path) ||
        ![`'${name}'`, `"${name}"`].some((text) => readFileSync(path, 'utf8').includes(`it(${text}`))
      );
    });

    assert.ok(named.length >= 39, `${named.length} tests`);
    assert.deepEqual(missing, []);
  });
});

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CONDITIONS } from '../../../src/api/reference/conditions.ts';

it('every type of condition that the code sets is explained, and no other', () => {
  const src = join(import.meta.dirname, '../../../src');
  const files = globSync('{api,controllers,daemon}/**/*.ts', { cwd: src }).filter(
    (path) => !path.startsWith('api/reference/'),
  );
  const code = files.map((path) => readFileSync(join(src, path), 'utf8')).join('\n');
  const set = [...code.matchAll(/\b(?:condition|unknown|notManaged)\(\s*'([A-Z]\w+)'/g)].map(
    ([, type = '']) => type,
  );

  assert.ok(new Set(set).size > 20, String(new Set(set).size));
  assert.deepEqual(
    set.filter((type) => !Object.hasOwn(CONDITIONS, type)),
    [],
  );
  assert.deepEqual(
    Object.keys(CONDITIONS).filter((type) => !new RegExp(`\\b${type}\\b`).test(code)),
    [],
  );
});

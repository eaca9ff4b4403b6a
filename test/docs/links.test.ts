import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { pages, type Page } from './pages.ts';

const top = join(import.meta.dirname, '../..');

/** As GitHub makes them. */
function anchorsOf({ text }: Page): ReadonlySet<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ +(.+)$/gm)];
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links of a page that lead nowhere. */
function broken(page: Page, all: readonly Page[]): string[] {
  const links = [...page.text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
    if (file !== '' && !existsSync(join(top, path))) return true;
    const other = all.find((each) => each.path === path);
    return anchor !== undefined && other !== undefined && !anchorsOf(other).has(anchor);
  });
}

describe('the links of the documents', () => {
  const all = pages();
  for (const page of all) {
    it(`of ${page.path} lead somewhere`, () => assert.deepEqual(broken(page, all), []));
  }

  it('are found where they lead nowhere', () => {
    const page = {
      path: 'docs/a.md',
      text: '# One, two\n[a](b.md) [b](#one-two) [c](#three) [d](../README.md#k8slab)',
    };
    assert.deepEqual(broken(page, [...all, page]), ['b.md', '#three']);
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { blocksOf, pages } from '../docs/pages.ts';
import type { Lab } from '../lab/lab.ts';

/** Runs what the documents say to type (```` ```sh lab ````) on a vmhost where the tutorial's guests are up. */
export function documentsTests(lab: () => Lab): void {
  for (const page of pages()) {
    const blocks = blocksOf(page).filter(({ language, info }) => language === 'sh' && info === 'lab');
    if (blocks.length === 0) continue;
    it(`what ${page.path} says to type works`, async () => {
      for (const { line, text } of blocks) {
        const { code, stdout, stderr } = await lab().exec(['bash', '-euo', 'pipefail', '-c', text]);
        assert.equal(code, 0, `${page.path}:${line}: ${stderr}${stdout}`);
      }
    });
  }
}

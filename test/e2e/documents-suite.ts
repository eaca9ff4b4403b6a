import assert from 'node:assert/strict';
import { it } from 'node:test';
import { blocksOf, pages, sessionsIn, type Block } from '../docs/pages.ts';
import type { Lab } from '../lab/lab.ts';

/**
 * Runs what the documents say to type on a vmhost where the tutorial's guests are up: ```` ```sh lab ````, and
 * ```` ```console lab ````, whose output is compared.
 */
export function documentsSuite(lab: () => Lab): void {
  async function run(text: string, { page, line }: Block): Promise<string> {
    const { code, stdout, stderr } = await lab().exec(['bash', '-euo', 'pipefail', '-c', text]);
    assert.equal(code, 0, `${page}:${line}: ${stderr}${stdout}`);
    return stdout;
  }
  for (const page of pages()) {
    const blocks = blocksOf(page).filter(({ info }) => info === 'lab');
    if (blocks.length === 0) continue;
    it(`what ${page.path} says to type works, and prints what it shows`, async () => {
      for (const block of blocks) {
        if (block.language === 'sh') await run(block.text, block);
        else
          for (const { command, output } of sessionsIn(block))
            assert.equal(timeless(await run(command, block)), timeless(output), `${page.path}:${block.line}`);
      }
    });
  }
}

/** Without what differs from one run to the next: ages, and the spaces that pad them. */
function timeless(text: string): string {
  return text
    .replaceAll(/\b(\d+[dhms]){1,2}\b/g, 'AGE')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim();
}

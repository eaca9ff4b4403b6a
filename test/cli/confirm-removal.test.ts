import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { confirmRemoval } from '../../src/cli/confirm-removal.ts';
import { serveLab, type Served } from './bed.ts';

const HELD = [
  { kind: 'Node', name: 'a' },
  { kind: 'Network', name: 'k8s-net' },
] as const;

let served: Served;
before(async () => {
  served = await serveLab();
});
after(() => served.close());
beforeEach(() => {
  served.held = HELD;
  served.asked.length = 0;
});

function terminal(answer: string): { input: PassThrough; output: PassThrough } {
  const input = new PassThrough();
  input.end(`${answer}\n`);
  return { input, output: new PassThrough() };
}

describe('confirm-removal', () => {
  it('confirms exactly what is named', async () => {
    const text = await confirmRemoval(served.client, ['node/a'], {});

    assert.equal(text, 'node/a removal confirmed\n');
    assert.deepEqual(served.asked, [[HELD[0]]]);
  });

  it('without names asks, and confirms what it listed after a yes', async () => {
    const at = terminal('y');
    await confirmRemoval(served.client, [], { terminal: at });

    const shown = String(at.output.read());
    assert.match(shown, /node\/a +Node\/a has no manifest/);
    assert.match(shown, /Remove these 2\? \[y\/N\]/);
    assert.deepEqual(served.asked, [HELD]);
  });

  it('confirms nothing without a yes, or where nobody can be asked', async () => {
    await assert.rejects(confirmRemoval(served.client, [], { terminal: terminal('') }), {
      reason: 'NotConfirmed',
    });
    let told = '';
    const tell = (table: string): void => void (told += table);
    await assert.rejects(confirmRemoval(served.client, [], { tell }), {
      message: 'cannot confirm removal: nobody is there to be asked',
    });
    assert.match(told, /^HELD +WHY\nnode\/a .*\nnetwork\/k8s-net .*\n$/);
    await assert.rejects(confirmRemoval(served.client, ['nodes'], {}), { reason: 'BadArgument' });

    assert.deepEqual(served.asked, []);
  });

  it('confirms everything with --all, and says when nothing is held', async () => {
    await confirmRemoval(served.client, [], { all: true });
    assert.deepEqual(served.asked, [HELD]);

    served.held = [];
    assert.equal(await confirmRemoval(served.client, [], {}), 'No removal is held\n');
  });
});

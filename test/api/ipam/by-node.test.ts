import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entryOf } from '../../../src/api/ipam/by-node.ts';
import type { LiveEntry } from '../../../src/api/ipam/entry.ts';

function entry(node: string, ip: string): LiveEntry {
  return { node, mac: '52:54:00:00:00:01', ip, hostnames: [node], live: true };
}

describe('the entry of a Node', () => {
  const entries = [entry('a', '10.0.0.1'), entry('b', '10.0.0.2'), entry('a', '10.0.0.3')];

  it('is the first that its network has for it', () => {
    assert.equal(entryOf(entries, 'a')?.ip, '10.0.0.1');
    assert.equal(entryOf(entries, 'b')?.ip, '10.0.0.2');
    assert.equal(entryOf([entry('a', '10.0.0.9')], 'a')?.ip, '10.0.0.9');
  });

  it('is none where the network has none for it, or nothing at all', () => {
    assert.equal(entryOf(entries, 'c'), undefined);
    assert.equal(entryOf(undefined, 'a'), undefined);
  });

  it('is found without looking at the others: each is read once, however many Nodes are asked for', () => {
    let reads = 0;
    const counted = Array.from({ length: 100 }, (_, index) => {
      const { node, ...others } = entry(`n${index}`, '10.0.0.1');
      return Object.defineProperty({ ...others, node: '' }, 'node', {
        get() {
          reads += 1;
          return node;
        },
      });
    });

    for (let index = 0; index < 100; index += 1) assert.ok(entryOf(counted, `n${index}`));

    assert.equal(reads, 100);
  });
});

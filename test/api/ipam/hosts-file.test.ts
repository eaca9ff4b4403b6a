import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHosts } from '../../../src/api/ipam/hosts-file.ts';

describe('a file of hosts', () => {
  const table = parseHosts(
    [
      '127.0.0.1 localhost # of every machine',
      '::1\tlocalhost',
      '  192.168.111.9\tnode01.lab  node01',
      '#192.168.111.8 commented',
      '192.168.111.10 node01',
      '192.168.111.9 node01',
      '192.168.111.11',
      '',
    ].join('\n'),
  );

  it('gives the IPv4 addresses of each name once, in their order, and nothing of its comments', () => {
    assert.deepEqual(Object.fromEntries(table), {
      localhost: ['127.0.0.1'],
      'node01.lab': ['192.168.111.9'],
      node01: ['192.168.111.9', '192.168.111.10'],
    });
  });
});

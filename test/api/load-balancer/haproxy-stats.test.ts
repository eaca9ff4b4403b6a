import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHaproxyStats } from '../../../src/api/load-balancer/haproxy-stats.ts';

describe('the statistics of a HAProxy', () => {
  it('are read as far as any HAProxy has servers, however much a guest sends', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `mgmt,s${at},UP`);
    const text = ['Version: 2.6', '# pxname,svname,status', ...rows, 'Uptime_sec: 1'].join('\n');

    const read = parseHaproxyStats(text);

    assert.equal(read?.version, '2.6');
    assert.equal(read.servers.length, 10_000 - 2);
    assert.equal(read.servers.at(-1)?.server, 's9997');
    assert.equal(read.uptimeSeconds, undefined);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { renewLeaseCommand } from '../../../src/api/node/renew-lease.ts';

const [shell = '', flag = '', apart = '', name = '', renew = '', mac = ''] =
  renewLeaseCommand('52:54:00:5e:53:fb');

describe('the command that renews a lease', () => {
  it('is shell that any POSIX shell can read', () => {
    for (const script of [apart, renew]) {
      const { status, stderr } = spawnSync('sh', ['-n', '-c', script], { encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    }
  });

  it('gets the MAC address as an argument, never as a part of the script', () => {
    assert.deepEqual([shell, flag, name, mac], ['sh', '-c', 'k8slab', '52:54:00:5e:53:fb']);
    assert.doesNotMatch(apart + renew, /52:54/);
  });

  it('ends with an error where there is no such NIC, and touches nothing', () => {
    const { status } = spawnSync('sh', ['-c', renew, 'renew', 'ff:ff:ff:ff:ff:fe'], { encoding: 'utf8' });

    assert.equal(status, 3);
  });
});

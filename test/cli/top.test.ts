import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chosenNodes,
  sampleUsage,
  sortRows,
  topRows,
  topTable,
  vmhostRow,
  type Sample,
} from '../../src/cli/top.ts';

function domain(name: string, seconds: number, more = ''): string {
  return `Domain: '${name}'
  balloon.current=524288
  balloon.maximum=524288
  balloon.rss=262144
  vcpu.current=2
  vcpu.maximum=2
  vcpu.0.state=1
  vcpu.0.time=${seconds * 1e9}
  vcpu.1.time=0
${more}
`;
}

/** What virsh prints on a vmhost of 4 CPUs. */
function sample(at: number, stats: string, busySeconds = 0): Promise<Sample> {
  const answers: Readonly<Record<string, string>> = {
    domstats: stats,
    nodecpustats: `user:    ${busySeconds * 1e9}\nsystem:   1000000\nidle:  500\niowait: 7\n`,
    nodememstats:
      'total  :  8388608 KiB\nfree   :  2097152 KiB\nbuffers:  1048576 KiB\ncached :  1048576 KiB\n',
    nodeinfo: 'CPU model:           x86_64\nCPU(s):              4\nCPU frequency:       2599 MHz\n',
  };
  return sampleUsage({ call: ([op = '']) => Promise.resolve(answers[op] ?? '') }, () => at);
}

describe('k8slab top', () => {
  it('shows what was used between two looks, in the shape of kubectl', async () => {
    const before = await sample(0, `${domain('a', 1)}\n${domain('b', 1)}`, 10);
    const after = await sample(1000, `${domain('a', 1.25)}\n${domain('b', 3)}`, 12);

    const rows = sortRows(topRows(before, after, ['a', 'b', 'off']), 'cpu');

    assert.deepEqual(topTable([...rows, vmhostRow(before, after)], true), [
      ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'],
      ['b', '2000m', '100%', '256Mi', '50%'],
      ['a', '250m', '13%', '256Mi', '50%'],
      ['off', '<unknown>', '<unknown>', '<unknown>', '<unknown>'],
      ['(vmhost)', '2000m', '50%', '4096Mi', '50%'],
    ]);
  });

  it('counts all of QEMU where libvirt tells it, and nothing twice when a guest starts anew', async () => {
    const before = await sample(0, domain('a', 50));
    const after = await sample(1000, domain('a', 0.1, '  cpu.time=500000000'));

    assert.equal(topRows(before, after)[0]?.used?.millicores, 500);
  });

  it('takes the names of guests as they are', async () => {
    const one = await sample(0, domain(`it's.a`, 1));

    assert.deepEqual([...one.guests.keys()], [`it's.a`]);
  });

  it('refuses a Node that is not there', () => {
    assert.deepEqual(chosenNodes(['a', 'b'], ['b']), ['b']);
    assert.throws(() => chosenNodes(['a', 'b'], ['x']), { reason: 'NotFound' });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { difference, Samples } from './daemon.ts';
import { formatTable, isReached, quantile } from './line.ts';

describe('the table of the bench', () => {
  it('holds a line against its target, or against so many times its limit', () => {
    const line = { work: 'x', k8slab: 3, limit: 2 };
    assert.equal(isReached({ ...line, target: { times: 1.5 } }), true);
    assert.equal(isReached({ ...line, target: { times: 1.4 } }), false);
    assert.equal(isReached({ ...line, target: { at: 2.9 } }), false);
    assert.equal(isReached({ work: 'x', k8slab: NaN, target: { at: 1 } }), false);
    assert.equal(isReached({ work: 'x', k8slab: 1, target: { times: 2 } }), false);
  });

  it('says what was measured, the ratio to the limit, and what could not be measured', () => {
    const rows = [
      { work: 'a', k8slab: 0.3, limit: 0.2, obvious: 60, ansible: 300, target: { times: 1.2 } },
      { work: 'b', k8slab: NaN, target: { at: 0.02 }, note: 'cut off' },
    ];
    const cells = formatTable(rows)
      .split('\n')
      .slice(2)
      .map((line) => line.split('|').map((cell) => cell.trim()));

    assert.deepEqual(cells[0]?.slice(1, -1), [
      'a',
      '300 ms',
      '200 ms',
      '60 s',
      '300 s',
      '1.5',
      '<= 1.2 x',
      'NO',
      '',
    ]);
    assert.deepEqual(cells[1]?.slice(1, -1), [
      'b',
      '-',
      '',
      '',
      '',
      '',
      '<= 20 ms',
      'not measured',
      'cut off',
    ]);
  });

  it('takes the 99th percentile of few values to be the highest', () => {
    assert.equal(quantile([3, 1, 2], 0.99), 3);
    assert.equal(quantile([3, 1, 2], 0.5), 2);
  });

  it('counts passes, calls and conditions by the metrics', () => {
    const before = new Samples(
      'controller_runtime_reconcile_time_seconds_count{controller="node"} 5\n' +
        'k8slab_object_condition{kind="Node",name="a",type="Synced",status="True"} 1\n' +
        'k8slab_object_condition{kind="Node",name="b",type="Synced",status="False"} 1\n' +
        'k8slab_driver_call_duration_seconds_count{driver="virsh",op="net-dumpxml"} 2',
    );
    assert.deepEqual(before.passes(), { node: 5 });
    assert.equal(before.nodesWith('Synced'), 1);
    assert.deepEqual(before.virshCalls(), { 'net-dumpxml': 2 });
    assert.deepEqual(difference({ node: 5, host: 1 }, { node: 7, host: 1, image: 1 }), { node: 2, image: 1 });
  });
});

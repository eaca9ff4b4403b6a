import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../../src/api/conditions.ts';
import { answering, asking, unasked } from '../../../src/api/node/memory.ts';
import { planNode } from '../../../src/api/node/plan.ts';
import { powerRequest } from '../../../src/api/node/power.ts';
import { types } from '../network/bed.ts';
import { definition, desired, guest, node } from './bed.ts';

const ON = { on: true, off: false };
const OFF = { on: false, off: true };

describe('what a person asks of a guest', () => {
  it('is half done when it is off for a restart, and done when it is on, whoever started it', () => {
    const restart = asking({ ran: true }, { verb: 'restart', force: true });

    const half = answering(restart, OFF);

    assert.deepEqual([answering(restart, ON).asked, half.asked], [restart.asked, { verb: 'start' }]);
    assert.deepEqual([answering(half, OFF), answering(half, ON)], [half, { ran: true }]);
    assert.deepEqual(unasked(restart), { ran: true });
  });

  it('begins anew when it is a start, whatever failed before', () => {
    const before = { ran: true, starts: { count: 9, at: 0, failure: 'no memory' } } as const;

    assert.deepEqual(asking(before, { verb: 'start' }), { asked: { verb: 'start' } });
  });

  it('is a restart for a guest that runs, a start for one that is off, and nothing for one that is as asked', () => {
    const of = (state: string | undefined, verb: 'restart' | 'start'): string | undefined =>
      powerRequest(node('a', {}, state === undefined ? {} : { state }), verb)?.verb;

    assert.deepEqual(
      [of('running', 'restart'), of('shutoff', 'restart'), of('crashed', 'start'), of('running', 'start')],
      ['restart', 'start', 'start', undefined],
    );
    assert.equal(of(undefined, 'start'), 'start', 'one that was not looked at yet');
  });

  it('is refused where the guest would not come up again', () => {
    const missing = condition('DiskMissing', 'True', 'DiskMissing', '/disk is gone');
    const stranded = node('a', {}, { state: 'running', conditions: [missing] });

    assert.throws(() => powerRequest(stranded, 'restart'), {
      reason: 'Conflict',
      message: 'cannot restart Node "a": the guest would not start again: /disk is gone',
    });
  });

  it('is not done when the disk went after it was asked for, and the condition says so', () => {
    const observed = guest('running');
    const gone = {
      ...observed,
      disk: { ...observed.disk, exists: false },
      asked: { verb: 'restart' },
    } as const;

    const plan = planNode({ ...desired, definition }, gone);

    assert.deepEqual(types(plan), []);
    const told = plan.pending?.find(({ type }) => type === 'RestartRequired');
    assert.equal(told?.reason, 'RestartRefused');
    assert.match(told.message, /^a person asked for a restart; the guest would not start again: /);
  });
});

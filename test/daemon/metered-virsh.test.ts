import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { recordCall } from '../../src/daemon/metered-virsh.ts';
import { loggedUpdates } from '../../src/daemon/logged-updates.ts';
import { createEvents } from '../../src/engine/events.ts';
import { withNode } from '../controllers/bed.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

const define = { op: 'define', argv: ['define', '--file', 'master00'], mutates: true, seconds: 0.1 };

it('U16: a change of libvirt is told, a failed one as a warning that says why, a read only to who debugs', () => {
  const log = createRecordingLogger();
  const counted: unknown[] = [];
  const metrics = {
    driverCall: (call: object) => void counted.push(call),
    driverWaited: () => undefined,
  };
  const error = new ReasonedError('InvalidXml', 'cannot define', { hint: 'mend it' });

  recordCall(metrics, log, define);
  recordCall(metrics, log, { ...define, error });
  recordCall(metrics, log, { op: 'list', argv: ['list'], mutates: false, seconds: 0.1, error });

  assert.deepEqual(
    log.lines.map(({ level, message, fields }) => [level, message, fields['why'], fields['reason']]),
    [
      ['info', 'libvirt changed', undefined, undefined],
      ['warn', 'changing libvirt failed', 'cannot define (mend it)', 'InvalidXml'],
      ['debug', 'libvirt read', undefined, 'InvalidXml'],
    ],
  );
  assert.equal(counted.length, 3);
});

it('U16: an update of packages that fails leaves a line and a warning event, one that succeeds a line', async () => {
  const log = createRecordingLogger();
  const reported: string[] = [];
  const bed = withNode();
  bed.apply('Node', 'b');
  const recorder = createEvents({ clock: bed.clock });
  const updates = loggedUpdates(
    {
      prepare: () => (report) => {
        report({ type: 'started', node: 'a', position: 1, total: 2 });
        report({ type: 'updated', node: 'a', seconds: 12, rebootRequired: true });
        for (const node of ['b', 'gone']) report({ type: 'failed', node, message: 'dpkg is locked' });
        return Promise.resolve();
      },
    },
    { log, recorder, store: bed.store },
  );

  await updates.prepare({})(
    ({ type }) => reported.push(type),
    () => false,
  );

  assert.deepEqual(reported, ['started', 'updated', 'failed', 'failed']);
  assert.deepEqual(
    recorder
      .list()
      .map(({ involvedObject, type, reason, message }) => [involvedObject.name, type, reason, message]),
    [['b', 'Warning', 'UpdateFailed', 'dpkg is locked']],
  );
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields['name'], fields['why']]),
    [
      ['info', 'a', undefined],
      ['warn', 'b', 'dpkg is locked'],
      ['warn', 'gone', 'dpkg is locked'],
    ],
  );
});

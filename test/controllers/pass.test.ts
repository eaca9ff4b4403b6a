import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import { ReasonedError } from '../../src/api/errors.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import type { ImageAction } from '../../src/api/image/actions.ts';
import { RECONCILE_TIMEOUT } from '../../src/engine/controller.ts';
import { action, brief, createBed, look, READY, RESYNC_MS, type Bed } from './pass-bed.ts';

const DOWN = new ReasonedError('NoSpace', 'cannot fetch image "debian": no space left', {
  hint: 'make room',
});

describe('a pass', () => {
  it('looks, executes the plan in its order, looks again, and writes the status once, from the second look', async () => {
    const after = look([], { fields: { path: '/new' } });
    const bed = createBed([look([action('a'), action('b')]), after]);

    const result = await bed.run();

    assert.deepEqual(bed.steps, ['look', 'execute a', 'execute b', 'look', 'status MODIFIED']);
    assert.deepEqual([bed.image().status.path, result], ['/new', { resyncAfterMs: RESYNC_MS }]);
  });

  it('with nothing to do looks once, emits nothing, and stores nothing when nothing changed', async () => {
    const bed = createBed([look([])]);
    await bed.run();
    bed.steps.length = 0;
    await bed.clock.advance(5000);

    await bed.run();

    assert.deepEqual(bed.steps, ['look']);
    assert.deepEqual(bed.events.list(), []);
  });

  it('says the generation it looked at, and the time of each change', async () => {
    const bed = createBed([look([])]);

    await bed.run();

    const { status } = bed.image();
    assert.equal(status.observedGeneration, 1);
    assert.deepEqual(
      status.conditions.map((each) => [each.type, each.observedGeneration]),
      [
        ['Ready', 1],
        ['Synced', 1],
      ],
    );
    assert.equal(status.conditions[0]?.lastTransitionTime, '2026-01-01T00:00:00Z');
  });

  it('emits an event for each action that was executed', async () => {
    const bed = createBed([look([action('the image is not in the store')]), look([])]);

    await bed.run();

    assert.deepEqual(
      bed.events.list().map(({ type, reason, message }) => [type, reason, message]),
      [['Normal', 'FetchImage', 'the image is not in the store']],
    );
  });

  it('comes again when the reconciler says so, and at once while there is more to do', async () => {
    assert.deepEqual(await createBed([look([], { again: 1000 })]).run(), { requeueAfterMs: 1000 });
    const more = createBed([look([action('a')]), look([action('b')])]);
    assert.deepEqual(await more.run(), { requeueAfterMs: 0 });
  });

  it('over an object that is gone does nothing', async () => {
    const bed = createBed([look([action('a')])]);

    assert.deepEqual([await bed.run('none'), bed.steps], [{}, []]);
  });

  it('does not write into an object that was deleted and made again meanwhile', async () => {
    const bed = createBed([look([action('a')]), look([])], {
      execute() {
        bed.store.remove('Image', 'debian');
        bed.store.apply('Image', { name: 'debian', spec: imageSpec.parse({ source: '/other' }), hash: '2' });
        return Promise.resolve();
      },
    });

    await bed.run();

    assert.deepEqual(bed.image().status, { conditions: [] });
  });
});

describe('an action that succeeds and changes nothing', () => {
  it('is a failure, so that it is not made again for ever', async () => {
    const bed = createBed([look([action('a'), action('b')])]);

    await assert.rejects(bed.run(), {
      reason: 'NotApplied',
      message: /Image "debian": FetchImage, FetchImage succeeded/,
    });
    assert.match(brief(bed.image(), 'Synced'), /^False NotApplied/);
  });

  it('is none when only some of them are left', async () => {
    const bed = createBed([look([action('a'), action('b')]), look([action('b')])]);

    assert.deepEqual(await bed.run(), { requeueAfterMs: 0 });
  });
});

describe('an action that needs what others may have taken since the look', () => {
  it('is put off with those after it, without an event and without counting as a failure', async () => {
    const bed = createBed([look([action('a'), action('b'), action('c')]), look([action('b'), action('c')])], {
      mayBegin: ({ reason }) => reason !== 'b',
    });
    const none = createBed([look([action('b')])], { mayBegin: () => false });

    await bed.run();
    await none.run();

    assert.deepEqual(bed.steps, ['look', 'execute a', 'look', 'status MODIFIED']);
    assert.deepEqual(none.steps, ['look', 'look', 'status MODIFIED']);
    assert.deepEqual(none.events.list(), []);
    assert.match(brief(none.image(), 'Synced'), /^True/);
  });
});

describe('what is remembered of an object', () => {
  it('is told of each look and of each action, before it is done and after, and of its failure', async () => {
    const events: string[] = [];
    const bed = createBed([look([action('a'), action('b')]), look([])], {
      execute: ({ reason }) => (reason === 'b' ? Promise.reject(new Error('no')) : Promise.resolve()),
      remember(_memory, event) {
        events.push('action' in event ? `${event.type} ${event.action.reason}` : event.type);
        return undefined;
      },
    });

    await assert.rejects(bed.run(), /no/);

    assert.deepEqual(events, ['looked', 'executing a', 'executed a', 'executing b', 'failed b']);
  });
});

describe('a pass that fails', () => {
  it('says why in Ready and Synced, keeps what was known, and passes the error on', async () => {
    const known = [...READY, condition('Defined', 'True', 'Defined')];
    const bed = createBed([look([], { conditions: known }), DOWN]);
    await bed.run();

    await assert.rejects(bed.run(), DOWN);

    const { status } = bed.image();
    assert.deepEqual([status.path, status.observedGeneration], ['/stored', 1]);
    for (const type of ['Ready', 'Synced']) {
      assert.equal(
        brief(bed.image(), type),
        'False NoSpace: cannot fetch image "debian": no space left (make room)',
      );
    }
    assert.match(brief(bed.image(), 'Defined'), /^True/);
    assert.deepEqual(
      bed.events.list().map(({ type, reason }) => [type, reason]),
      [['Warning', 'NoSpace']],
    );
  });

  it('at an action does not go on to the next one', async () => {
    const bed = createBed([look([action('a'), action('b')])], { execute: () => Promise.reject(DOWN) });

    await assert.rejects(bed.run(), DOWN);

    assert.deepEqual(bed.steps, ['look', 'status MODIFIED']);
    assert.deepEqual(
      bed.events.list().map(({ type }) => type),
      ['Warning'],
    );
  });

  it('F1: at an isolated action holds none of the others, and what they brought about is told before it', async () => {
    const alone: ImageAction = { ...action('one'), isolated: true };
    const bed = createBed([look([alone, action('two')]), look([alone], { fields: { path: '/two' } })], {
      execute({ reason }) {
        bed.steps.push(`execute ${reason}`);
        return reason === 'one' ? Promise.reject(DOWN) : Promise.resolve();
      },
    });

    await assert.rejects(bed.run(), DOWN);

    assert.deepEqual(
      bed.steps.filter((step) => step.startsWith('execute')),
      ['execute one', 'execute two'],
    );
    assert.equal(bed.image().status.path, '/two');
    assert.match(brief(bed.image(), 'Synced'), /^False NoSpace/);
  });

  it('does not count as having looked at the generation', async () => {
    const bed = createBed([DOWN]);

    await assert.rejects(bed.run(), DOWN);

    const { status } = bed.image();
    assert.equal(status.observedGeneration, undefined);
    assert.deepEqual(new Set(status.conditions.map((each) => each.observedGeneration)), new Set([0]));
  });

  it('does not say that an object is broken while nobody can tell', async () => {
    const bed = createBed([new ReasonedError('LibvirtUnreachable', 'cannot reach libvirtd')]);

    await assert.rejects(bed.run());

    assert.match(brief(bed.image(), 'Ready'), /^Unknown LibvirtUnreachable/);
    assert.match(brief(bed.image(), 'Synced'), /^False LibvirtUnreachable/);
  });

  it('with an error that has no reason has one all the same', async () => {
    const bed = createBed([new TypeError('x is not a function')]);

    await assert.rejects(bed.run(), TypeError);

    assert.equal(brief(bed.image(), 'Ready'), 'False ReconcileError: x is not a function');
  });
});

describe('a pass that is aborted', () => {
  function aborting(reason: Error): Bed {
    const bed: Bed = createBed([look([action('a'), action('b')])], {
      execute() {
        bed.abort.abort(reason);
        return Promise.resolve();
      },
    });
    return bed;
  }

  it('because the daemon stops executes nothing more and writes nothing', async () => {
    const bed = aborting(new ReasonedError('Stopping', 'k8slab stops'));

    await assert.rejects(bed.run(), { reason: 'Stopping' });

    assert.deepEqual(bed.steps, ['look']);
    assert.deepEqual(bed.image().status, { conditions: [] });
    assert.deepEqual(
      bed.events.list().map(({ type }) => type),
      ['Normal'],
    );
  });

  it('because it takes too long says so: what was known before no longer holds', async () => {
    const bed = aborting(new ReasonedError(RECONCILE_TIMEOUT, 'not done after 60 s'));

    await assert.rejects(bed.run(), { reason: RECONCILE_TIMEOUT });

    assert.equal(brief(bed.image(), 'Synced'), `False ${RECONCILE_TIMEOUT}: not done after 60 s`);
  });

  it('holds a stop for those actions alone that must not be cut', async () => {
    const actions = [action('whole'), action('any')];
    const bed = createBed([look(actions), look([])], { isWhole: ({ reason }) => reason === 'whole' });

    await bed.run();

    assert.deepEqual(
      bed.steps.filter((step) => !step.startsWith('status')),
      ['look', 'held', 'execute whole', 'released', 'execute any', 'look'],
    );
  });
});

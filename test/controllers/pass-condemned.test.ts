import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import { action, brief, createBed, look, READY, RESYNC_MS } from './pass-bed.ts';

describe('a pass over a condemned object', () => {
  const conflict = condition('Ready', 'False', 'Conflict', 'Image "debian" is also defined as b.yaml:1');

  it('executes nothing, and yet keeps the status fresh', async () => {
    const found = [...READY, condition('Defined', 'True', 'Defined')];
    const bed = createBed([look([action('a')], { conditions: found, fields: { path: '/seen' } })]);
    bed.condemned = conflict;
    const result = await bed.run();

    assert.deepEqual(bed.steps, ['look', 'status MODIFIED']);
    assert.deepEqual([bed.image().status.path, result], ['/seen', { resyncAfterMs: RESYNC_MS }]);
    for (const type of ['Ready', 'Synced']) {
      assert.equal(brief(bed.image(), type), `False Conflict: ${conflict.message}`);
    }
    assert.match(brief(bed.image(), 'Defined'), /^True/);
  });

  it('R10: is as Ready as it was where its manifest is in force, as far as anybody knows the manifests', async () => {
    const unread = condition('Ready', 'Unknown', 'ManifestsUnread', 'they are being read');
    const found = [conflict, unread].map(async (condemned) => {
      const bed = createBed([look([], { conditions: READY })]);
      bed.condemned = condemned;
      await bed.run();
      return ['Ready', 'Synced'].map((type) => brief(bed.image(), type).split(' ', 2).join(' '));
    });

    const unknown = 'Unknown ManifestsUnread:';
    assert.deepEqual(await Promise.all(found), [
      ['True Stored:', 'False Conflict:'],
      [unknown, unknown],
    ]);
  });

  const step = { type: 'FetchImage', disruption: 'none', reason: 'it changed' } as const;
  const left = {
    waiting: { reason: 'Starting', message: 'about to start' },
    later: [step],
    pending: [{ type: 'RestartRequired', reason: 'Outdated', message: 'restart it' }],
  } as const;
  for (const part of ['waiting', 'later', 'pending'] as const) {
    it(`is refused where its manifest is not in force yet: ${part}`, async () => {
      const plan = { actions: [], [part]: left[part] };
      const bed = createBed([look([], { conditions: READY, plan })]);
      bed.condemned = conflict;

      await bed.run();

      assert.match(brief(bed.image(), 'Ready'), /^False Conflict/);
    });
  }
});

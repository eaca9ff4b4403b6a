import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import type { Condition, KindMap } from '../../src/api/meta.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import { logReady } from '../../src/daemon/ready-log.ts';
import { createStoreSink } from '../../src/engine/status-sink.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

type Status = 'True' | 'False' | 'Unknown';

/** What the journal says when an Image's Ready takes these values, 90 s apart. */
async function told(statuses: readonly Status[], before?: Status): Promise<unknown[]> {
  const [clock, log] = [createFakeClock(), createRecordingLogger()];
  const lastTransitionTime = '2025-12-31T23:00:00Z';
  const old: Condition[] =
    before === undefined ? [] : [{ ...condition('Ready', before, 'Old'), lastTransitionTime }];
  const store = createStore<KindMap>({ clock });
  const sink = createStoreSink({ store, clock, remembered: () => old });
  store.subscribe((change) => logReady({ log, remembered: () => old }, change));
  const spec = imageSpec.parse({ source: '/i' });
  const { object } = store.apply('Image', { name: 'debian', spec, hash: '1' });
  for (const status of statuses) {
    await sink.write(object, { conditions: [condition('Ready', status, 'Why', 'because')] });
    await clock.advance(90_000);
  }
  return log.lines.map(({ level, message, fields }) => [level, fields['name'], message, fields['seconds']]);
}

describe('U16: the journal', () => {
  it('warns once that libvirt does not answer, of the vmhost, and not of each object', async () => {
    const levels: unknown[] = [];
    for (const kind of ['Vmhost', 'Image'] as const) {
      const [clock, log] = [createFakeClock(), createRecordingLogger()];
      const store = createStore<KindMap>({ clock });
      const sink = createStoreSink({ store, clock });
      store.subscribe((change) => logReady({ log, remembered: () => [] }, change));
      const { object } = store.apply(kind, { name: 'a', spec: {}, hash: '' });
      await sink.write(object, { conditions: [condition('Ready', 'True', 'Ready')] });
      await sink.write(object, { conditions: [condition('Ready', 'Unknown', 'LibvirtUnreachable')] });
      levels.push(log.lines.at(-1)?.level);
    }

    assert.deepEqual(levels, ['warn', 'info']);
  });

  for (const [name, statuses, before, expected] of [
    [
      'becomes Ready',
      ['False', 'False', 'True'],
      undefined,
      [
        ['info', 'debian', 'is not Ready yet', undefined],
        ['info', 'debian', 'is Ready', 180],
      ],
    ],
    ['is Ready at its first look', ['True', 'True'], undefined, [['info', 'debian', 'is Ready', undefined]]],
    [
      'fails and recovers',
      ['True', 'False', 'True'],
      undefined,
      [
        ['info', 'debian', 'is Ready', undefined],
        ['warn', 'debian', 'is not Ready any more', 90],
        ['info', 'debian', 'is Ready', 90],
      ],
    ],
    [
      'is not known for a while',
      ['True', 'Unknown', 'False', 'True'],
      undefined,
      [
        ['info', 'debian', 'is Ready', undefined],
        ['warn', 'debian', 'is not Ready any more', 90],
        ['info', 'debian', 'is Ready', 90],
      ],
    ],
    ['is after a restart what it was', ['True', 'True'], 'True', []],
    [
      'failed while the daemon was down',
      ['False'],
      'True',
      [['warn', 'debian', 'is not Ready any more', 3600]],
    ],
  ] as const) {
    it(`has a line when an object ${name}, and none while it stays`, async () => {
      assert.deepEqual(await told(statuses, before), expected);
    });
  }
});

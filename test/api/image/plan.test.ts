import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imageSpec } from '../../../src/api/image/spec.ts';
import { planImage, type ObservedImage } from '../../../src/api/image/plan.ts';

const SUM = `sha256:${'a'.repeat(64)}`;
const source = 'https://mirror.example/debian.qcow2';
const spec = imageSpec.parse({ source, checksum: SUM });
const stored = { source, checksum: SUM, format: 'qcow2' };

describe('an image', () => {
  it('that is not in the store is fetched as the manifest says', () => {
    const { actions } = planImage(imageSpec.parse({ source, checksum: SUM, format: 'raw' }), {});

    assert.deepEqual(actions, [
      {
        type: 'FetchImage',
        disruption: 'none',
        reason: 'the image is not in the store',
        fetch: { source, checksum: SUM, format: 'raw' },
      },
    ]);
  });

  it('that is in the store stays, whatever happens to its source', () => {
    assert.deepEqual(planImage(spec, { stored }), { actions: [] });
    const unchecked = imageSpec.parse({ source });
    assert.deepEqual(planImage(unchecked, { stored }), { actions: [] });
  });

  for (const [what, fields] of [
    ['source', { source: 'https://mirror.example/other.qcow2', checksum: SUM }],
    ['checksum', { source, checksum: `sha256:${'b'.repeat(64)}` }],
    ['format', { source, checksum: SUM, format: 'raw' }],
  ] as const) {
    it(`is fetched anew when its ${what} changes in the manifest`, () => {
      const { actions } = planImage(imageSpec.parse(fields), { stored });

      assert.deepEqual(
        actions.map(({ reason }) => reason),
        [`the ${what} changed`],
      );
    });
  }

  it('U4: is fetched as the manifest says now, and what is under way for an earlier one is given up', () => {
    const fetching = { reason: 'Downloading', message: '4 %' } as const;
    const types = (observed: ObservedImage): string[] =>
      planImage(spec, { ...observed, fetching, outdated: true }).actions.map(({ type }) => type);

    assert.deepEqual(types({}), ['AbortFetch', 'FetchImage']);
    assert.deepEqual(types({ stored }), ['AbortFetch']);
  });

  it('is not fetched twice at once', () => {
    const fetching = { reason: 'Downloading', message: '4 %' } as const;

    assert.deepEqual(planImage(spec, { fetching }), { actions: [], waiting: fetching });
  });
});

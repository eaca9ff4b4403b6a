import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { drainOf, nodesOn } from '../../../src/api/placement/drain.ts';

it('takes down only what can be made anew and whose disks may go, and says of the others why they stay', () => {
  const policy = { reclaim: 'Delete', adopt: false };
  const image = { image: 'debian' };

  assert.deepEqual(
    drainOf([
      { name: 'kept', spec: { disk: image, policy: { ...policy, reclaim: 'Retain' } } },
      { name: 'b', spec: { disk: image, policy } },
      { name: 'a', spec: { disk: image, policy } },
      { name: 'pinned', spec: { disk: image, policy, vmhost: 'v1' } },
      { name: 'file', spec: { disk: { path: '/d' }, policy } },
      { name: 'clone', spec: { disk: { cloneOf: 'a' }, policy } },
      { name: 'adopted', spec: { disk: image, policy: { ...policy, adopt: true } } },
    ]),
    {
      goes: ['a', 'b'],
      stays: [
        { node: 'adopted', why: 'its guest was made by others' },
        { node: 'clone', why: 'its disk is a clone of that of Node "a"' },
        { node: 'file', why: 'its disk /d is there and nowhere else' },
        { node: 'kept', why: 'its manifest does not say policy.reclaim: Delete, so its disk is kept' },
        { node: 'pinned', why: 'its manifest says spec.vmhost: v1' },
      ],
    },
  );
});

it('is about the Nodes of one vmhost: its own, and those that others are said to have', () => {
  const at = (name: string, elsewhere?: object): ParsedObject =>
    ({ kind: 'Node', name, ...(elsewhere === undefined ? {} : { origin: { elsewhere } }) }) as ParsedObject;
  const manifests = [
    at('own'),
    at('coming', { vmhost: 'v1' }),
    at('far', { vmhost: 'v2' }),
    at('nowhere', {}),
    { kind: 'Image', name: 'image' } as ParsedObject,
  ];
  const names = (vmhost: string): string[] => nodesOn(vmhost, manifests, 'v1').map(({ name }) => name);

  assert.deepEqual([names('v1'), names('v2')], [['own', 'coming'], ['far']]);
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLibvirt, VirshError, type CallOptions, type Libvirt } from '../../src/drivers/libvirt.ts';
import { dropOnChange } from '../../src/drivers/libvirt/drop-on-change.ts';

const XML = '<network><name>n</name></network>';
const CALLS: Readonly<Record<string, (libvirt: Libvirt, options: CallOptions) => Promise<void>>> = {
  'net-start': (libvirt, options) => libvirt.startNetwork('n', options),
  'net-destroy': (libvirt, options) => libvirt.destroyNetwork('n', options),
  'net-define': (libvirt, options) => libvirt.defineNetwork(XML, options),
  reboot: (libvirt, options) => libvirt.rebootDomain('a', options),
};

describe('a call that its caller may end', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'libvirt-signal-'));
  });
  after(() => rm(dir, { recursive: true }));

  for (const [name, call] of Object.entries(CALLS)) {
    it(`R16: is ended with all that belongs to it: ${name}`, async () => {
      const { signal } = new AbortController();
      const given: (readonly [string | undefined, boolean])[] = [];
      const libvirt = createLibvirt({
        xmlDir: join(dir, 'xml'),
        virsh: {
          call(argv, options) {
            given.push([argv[0], options?.signal === signal]);
            return Promise.reject(new VirshError('OperationFailed', argv, { why: 'no' }));
          },
          spawn: () => assert.fail('spawned'),
          dispose: () => Promise.resolve(),
        },
      });
      const nothing = { domain: () => undefined, network: () => undefined, guestsOf: () => undefined };

      await assert.rejects(call(dropOnChange(libvirt, nothing), { signal }), { reason: 'OperationFailed' });

      assert.equal(given[0]?.[0], name);
      assert.ok(
        given.every(([, told]) => told),
        JSON.stringify(given),
      );
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restartNetwork, type RestartDeps } from '../../../src/controllers/network/restart.ts';

const ACTION: Parameters<typeof restartNetwork>[2] = {
  type: 'RestartNetwork',
  disruption: 'uplink',
  reason: 'mtu',
  attachment: { bridge: 'virbr2', ports: ['vnet0'], stp: true, parking: 'k8sp-1' },
  before: 'virbr1',
  signature: 's',
  reboot: ['a', 'b'],
};

const REBOOTS = ['reboot a', 'reboot b'];

/** Restarts where some steps fail; all that is called, in order. */
async function restart(...broken: readonly string[]): Promise<{ calls: string[]; failure?: Error }> {
  const calls: string[] = [];
  const call =
    (name: string) =>
    (about: string | { readonly bridge: string }): Promise<never> => {
      calls.push(`${name} ${typeof about === 'string' ? about : about.bridge}`);
      return broken.includes(name) || broken.includes(calls.at(-1) ?? '')
        ? Promise.reject(new Error(`${name} failed`))
        : (Promise.resolve() as never);
    };
  const deps: RestartDeps = {
    libvirt: {
      destroyNetwork: call('destroy'),
      startNetwork: call('start'),
      defineNetwork: call('define'),
      rebootDomain: call('reboot'),
    } as Partial<RestartDeps['libvirt']> as RestartDeps['libvirt'],
    dnsmasq: { writeHostFiles: call('write') } as Partial<RestartDeps['dnsmasq']> as RestartDeps['dnsmasq'],
    bridges: { park: call('park'), attach: call('attach') } as Partial<
      RestartDeps['bridges']
    > as RestartDeps['bridges'],
  };
  try {
    await restartNetwork(deps, 'k8s-net', ACTION);
    return { calls };
  } catch (error) {
    return { calls, failure: error as Error };
  }
}

describe('a restart of a network', () => {
  it('parks its guests, and plugs them in again before any of them reboots', async () => {
    assert.deepEqual((await restart()).calls, [
      'park k8sp-1',
      'destroy k8s-net',
      'write k8s-net',
      'start k8s-net',
      'attach virbr2',
      ...REBOOTS,
    ]);
  });

  it('R14: gives guests their gateway back where the network cannot be stopped', async () => {
    const { calls, failure } = await restart('destroy');

    assert.deepEqual(calls, ['park k8sp-1', 'destroy k8s-net', 'attach virbr1']);
    assert.equal(failure?.message, 'destroy failed');
  });

  it('reboots every guest, also where one of them went off meanwhile, and tells of it then', async () => {
    const { calls, failure } = await restart('reboot a');

    assert.deepEqual(calls.slice(-2), REBOOTS);
    assert.equal(failure?.message, 'reboot failed');
  });

  it('R14: starts the network though its files cannot be written, and tells it then', async () => {
    const { calls, failure } = await restart('write');

    assert.deepEqual(calls.slice(2), ['write k8s-net', 'start k8s-net', 'attach virbr2', ...REBOOTS]);
    assert.equal(failure?.message, 'write failed');
  });

  it('E32: comes back as it was where it does not start', async () => {
    const { failure } = await restart('start');

    assert.match(failure?.message ?? '', /cannot restart network "k8s-net": start failed/);
  });
});

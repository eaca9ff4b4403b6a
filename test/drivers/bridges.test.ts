import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createBridges, type Bridges } from '../../src/drivers/bridges.ts';
import type { Exec } from '../../src/drivers/exec.ts';

/** A /sys/class/net in a directory, and an `ip` that notes what it is fed and moves ports in it. */
describe('bridges', () => {
  let dir: string;
  let fed: string[];
  let deaf: boolean;
  let bridges: Bridges;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'k8slab-bridges-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));
  beforeEach(async () => {
    await rm(dir, { recursive: true, force: true });
    await mkdir(join(dir, 'devices'), { recursive: true });
    fed = [];
    deaf = false;
    for (const name of ['virbr1', 'vnet0', 'vnet1']) await add(name);
    await mkdir(join(dir, 'devices/virbr1/brif'));
    await plug('vnet0', 'virbr1');
    bridges = createBridges({ exec, sysDir: dir, sysctlDir: join(dir, 'sysctl') });
  });

  async function add(name: string): Promise<void> {
    await mkdir(join(dir, 'devices', name));
    await symlink(`devices/${name}`, join(dir, name));
  }

  async function plug(port: string, bridge: string): Promise<void> {
    await rm(join(dir, 'devices', port, 'master'), { force: true });
    await symlink(`../${bridge}`, join(dir, 'devices', port, 'master'));
    await mkdir(join(dir, 'devices', bridge, 'brif', port), { recursive: true });
  }

  const exec = (async (argv: readonly string[], { input = '' }: { input?: string }) => {
    assert.deepEqual(argv, ['ip', '-force', '-batch', '-']);
    const lines = input.trimEnd().split('\n');
    fed.push(...lines);
    for (const line of lines) {
      const [, verb, name = '', kind, bridge = ''] = line.split(' ');
      if (verb === 'add') await add(name);
      if (kind === 'master' && !deaf) await plug(name, bridge);
    }
    return { stdout: '', stderr: deaf ? 'Cannot find device' : '', code: 0 };
  }) as unknown as Exec;

  it('are known with their ports, and ports with their bridge', async () => {
    assert.deepEqual(await bridges.ports('virbr1'), ['vnet0']);
    assert.deepEqual(await bridges.ports('none'), []);
    assert.deepEqual(
      [await bridges.masterOf('vnet0'), await bridges.masterOf('vnet1'), await bridges.masterOf('none')],
      ['virbr1', undefined, undefined],
    );
    assert.deepEqual([await bridges.exists('vnet0'), await bridges.exists('none')], [true, false]);
  });

  it('park all ports by one batch, on a bridge that forwards at once', async () => {
    await bridges.park('k8sp-x', ['vnet0', 'vnet1']);

    assert.deepEqual(fed, [
      'link add k8sp-x type bridge stp_state 0',
      'link set k8sp-x addrgenmode none',
      'link set k8sp-x up',
      'link set vnet0 master k8sp-x',
      'link set vnet1 master k8sp-x',
    ]);
  });

  it('get ports while STP is off, or they would wait to forward, and lose the parking bridge', async () => {
    await bridges.park('k8sp-x', ['vnet0']);
    fed.length = 0;

    await bridges.attach({ bridge: 'virbr1', ports: ['vnet0'], stp: true, mtu: 1400, parking: 'k8sp-x' });

    assert.deepEqual(fed, [
      'link set virbr1 type bridge stp_state 0',
      'link set vnet0 mtu 1400',
      'link set vnet0 master virbr1',
      'link set virbr1 type bridge stp_state 1',
      'link delete k8sp-x',
    ]);
  });

  it('say which port did not come, in the words of ip, and keep what is parked', async () => {
    await bridges.park('k8sp-x', ['vnet0']);
    deaf = true;

    await assert.rejects(
      bridges.attach({ bridge: 'virbr1', ports: ['vnet0', 'gone'], stp: false, parking: 'k8sp-x' }),
      { reason: 'AttachFailed', message: /interface "vnet0" to virbr1: Cannot find device/ },
    );

    assert.ok(!fed.includes('link delete k8sp-x'));
  });

  it('filter frames where the kernel says so, and not where it has no such setting', async () => {
    assert.equal(await bridges.filtersFrames(), false);
    await mkdir(join(dir, 'sysctl'));
    await writeFile(join(dir, 'sysctl/bridge-nf-call-iptables'), '1\n');
    assert.equal(await bridges.filtersFrames(), true);
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
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
  let waits: number;
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
    waits = 0;
    bridges = createBridges({ exec, sysDir: dir, sysctlDir: join(dir, 'sysctl'), delay: forward });
  });

  async function add(name: string): Promise<void> {
    await mkdir(join(dir, 'devices', name), { recursive: true });
    await symlink(`devices/${name}`, join(dir, name));
  }

  /** The kernel lets a new port forward after a moment. */
  async function forward(): Promise<void> {
    waits += 1;
    for (const port of await readdir(join(dir, 'devices'))) {
      await mkdir(join(dir, 'devices', port, 'brport'), { recursive: true });
      await writeFile(join(dir, 'devices', port, 'brport/state'), '3\n');
    }
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
      if (verb === 'add' && kind === 'type' && bridge === 'veth') await add(line.split(' ').at(-1) ?? '');
      // With one end of a cable goes the other.
      if (verb === 'delete')
        for (const gone of [name, name.replace(/-0$/, '-1')]) await rm(join(dir, gone), { force: true });
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

  it('park all ports on a bridge that forwards at once, connected with the one they leave while they move', async () => {
    await bridges.park('k8sp-0123456789', 'virbr1', ['vnet0', 'vnet1']);

    assert.deepEqual(fed, [
      'link add k8sp-0123456789 type bridge stp_state 0',
      'link set k8sp-0123456789 addrgenmode none',
      'link set k8sp-0123456789 up',
      'link set virbr1 type bridge stp_state 0',
      'link delete k8sp-01234567-0',
      'link add k8sp-01234567-0 type veth peer name k8sp-01234567-1',
      'link set k8sp-01234567-0 addrgenmode none',
      'link set k8sp-01234567-1 addrgenmode none',
      'link set k8sp-01234567-0 master virbr1',
      'link set k8sp-01234567-1 master k8sp-0123456789',
      'link set k8sp-01234567-0 type bridge_slave learning off',
      'link set k8sp-01234567-1 type bridge_slave learning off',
      'link set k8sp-01234567-0 up',
      'link set k8sp-01234567-1 up',
      'link set vnet0 master k8sp-0123456789',
      'link set vnet1 master k8sp-0123456789',
      'link delete k8sp-01234567-0',
    ]);
    assert.equal(waits, 1, 'until both ends of the connection forward');
  });

  it('get ports while STP is off, or they would wait to forward, and lose the parking bridge', async () => {
    await bridges.park('k8sp-0123456789', 'virbr1', ['vnet0']);
    fed.length = 0;

    await bridges.attach({
      bridge: 'virbr1',
      ports: ['vnet0'],
      stp: true,
      mtu: 1400,
      parking: 'k8sp-0123456789',
    });

    const own = fed.filter((line) => !line.includes('k8sp-01234567-'));
    assert.deepEqual(own, [
      'link set virbr1 type bridge stp_state 0',
      'link set vnet0 mtu 1400',
      'link set vnet0 master virbr1',
      'link set virbr1 type bridge stp_state 1',
      'link delete k8sp-0123456789',
    ]);
  });

  it('do not count the ends of a connection that a killed daemon left: both in one bridge would be a loop', async () => {
    await add('k8sp-01234567-1');
    await plug('k8sp-01234567-1', 'virbr1');

    assert.deepEqual(await bridges.ports('virbr1'), ['vnet0']);
  });

  it('say which port did not come, in the words of ip, and keep what is parked', async () => {
    await bridges.park('k8sp-0123456789', 'virbr1', ['vnet0']);
    deaf = true;

    await assert.rejects(
      bridges.attach({ bridge: 'virbr1', ports: ['vnet0', 'gone'], stp: false, parking: 'k8sp-0123456789' }),
      { reason: 'AttachFailed', message: /interface "vnet0" to virbr1: Cannot find device/ },
    );

    assert.ok(!fed.includes('link delete k8sp-0123456789'));
  });

  it('filter frames where the kernel says so, and not where it has no such setting', async () => {
    assert.equal(await bridges.filtersFrames(), false);
    await mkdir(join(dir, 'sysctl'));
    await writeFile(join(dir, 'sysctl/bridge-nf-call-iptables'), '1\n');
    assert.equal(await bridges.filtersFrames(), true);
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createBridges, type Bridges } from '../../src/drivers/bridges.ts';
import type { Exec } from '../../src/drivers/exec.ts';

const PARKING = 'k8sp-0123456789';
const unredirected = ['in', 'out'].flatMap((table) =>
  ['add', 'delete'].map((verb) => `nft ${verb} table netdev ${PARKING}-${table}`),
);

/** A /sys/class/net in a directory, and an `ip` that notes what it is fed and moves ports in it. */
describe('bridges', () => {
  let dir: string;
  let fed: string[];
  let deaf: boolean;
  let stuck: boolean;
  let broken: boolean;
  let neighbours = '';
  let indexes: number;
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
    stuck = false;
    broken = false;
    indexes = 0;
    for (const name of ['virbr1', 'vnet0', 'vnet1']) await add(name);
    await mkdir(join(dir, 'devices/virbr1/brif'));
    await plug('vnet0', 'virbr1');
    waits = 0;
    bridges = createBridges({ exec, sysDir: dir, sysctlDir: join(dir, 'sysctl'), delay: forward });
  });

  async function add(name: string): Promise<void> {
    await mkdir(join(dir, 'devices', name), { recursive: true });
    await symlink(`devices/${name}`, join(dir, name));
    indexes += 1;
    await set(name, 'ifindex', String(indexes));
    await set(name, 'mtu', '1500');
  }

  async function set(name: string, attribute: string, value: string): Promise<void> {
    await mkdir(dirname(join(dir, 'devices', name, attribute)), { recursive: true });
    await writeFile(join(dir, 'devices', name, attribute), `${value}\n`);
  }

  /** The kernel lets a new port forward after a moment. */
  async function forward(): Promise<void> {
    waits += 1;
    if (stuck) return;
    for (const port of await readdir(join(dir, 'devices'))) await set(port, 'brport/state', '3');
  }

  async function plug(port: string, bridge: string): Promise<void> {
    await rm(join(dir, 'devices', port, 'master'), { force: true });
    await symlink(`../${bridge}`, join(dir, 'devices', port, 'master'));
    await mkdir(join(dir, 'devices', bridge, 'brif', port), { recursive: true });
  }

  async function obey(line: string): Promise<void> {
    const [, verb, name = '', kind, value = ''] = line.split(' ');
    if (verb === 'add') await add(name);
    if (verb === 'add' && line.includes(' type veth ')) await add(/peer name (\S+)/.exec(line)?.[1] ?? '');
    if (verb === 'delete') await rm(join(dir, name), { force: true });
    if (kind === 'master' && !deaf) await plug(name, value);
    if (kind === 'alias') await set(name, 'ifalias', value);
    if (line.endsWith(' isolated on')) await set(name, 'brport/isolated', '1');
  }

  const exec = (async ([command, ...args]: readonly string[], { input = '' }: { input?: string }) => {
    const lines = input.trimEnd().split('\n');
    if (command === 'nft') {
      assert.deepEqual(args, ['-f', '-']);
      fed.push(...lines.map((line) => `nft ${line}`));
      if (broken && input.includes('fwd')) throw new Error('Operation not supported');
    } else if (args[0] === '-json') {
      assert.deepEqual([command, ...args], ['ip', '-json', 'neigh', 'show', 'dev', 'virbr1']);
      return { stdout: neighbours, stderr: '', code: neighbours === '' ? 1 : 0 };
    } else {
      assert.deepEqual([command, ...args], ['ip', '-force', '-batch', '-']);
      fed.push(...lines);
      for (const line of lines) await obey(line);
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

  it('park ports by stand-ins that forward before any frame is handed to them, and take frames out first', async () => {
    await set('vnet1', 'mtu', '9000');
    await set('vnet1', 'brport/isolated', '1');

    await bridges.park(PARKING, ['vnet0', 'vnet1', 'gone']);

    assert.deepEqual(fed, [
      ...unredirected,
      `link add ${PARKING} type bridge stp_state 0`,
      `link set ${PARKING} addrgenmode none`,
      `link set ${PARKING} up`,
      'link add k8ss-2-0 mtu 1500 type veth peer name k8ss-2-1 mtu 1500',
      'link set k8ss-2-1 alias vnet0',
      'link set k8ss-2-0 addrgenmode none',
      'link set k8ss-2-1 addrgenmode none',
      `link set k8ss-2-1 master ${PARKING}`,
      'link set k8ss-2-0 up',
      'link set k8ss-2-1 up',
      'link add k8ss-3-0 mtu 9000 type veth peer name k8ss-3-1 mtu 9000',
      'link set k8ss-3-1 alias vnet1',
      'link set k8ss-3-0 addrgenmode none',
      'link set k8ss-3-1 addrgenmode none',
      `link set k8ss-3-1 master ${PARKING}`,
      'link set k8ss-3-1 type bridge_slave isolated on',
      'link set k8ss-3-0 up',
      'link set k8ss-3-1 up',
      `nft table netdev ${PARKING}-out {`,
      'nft   chain c0 { type filter hook ingress device "k8ss-2-0" priority -500; fwd to "vnet0"; }',
      'nft   chain c1 { type filter hook ingress device "k8ss-3-0" priority -500; fwd to "vnet1"; }',
      'nft }',
      `nft table netdev ${PARKING}-in {`,
      'nft   chain c0 { type filter hook ingress device "vnet0" priority -500; fwd to "k8ss-2-0"; }',
      'nft   chain c1 { type filter hook ingress device "vnet1" priority -500; fwd to "k8ss-3-0"; }',
      'nft }',
    ]);
    assert.equal(waits, 1, 'until the stand-ins forward');
    assert.deepEqual(await bridges.parked(PARKING), ['vnet0', 'vnet1']);
    assert.deepEqual(await bridges.ports('virbr1'), ['vnet0'], 'they stay where they are');
  });

  it('hand no frame to a stand-in that does not forward', async () => {
    stuck = true;

    await assert.rejects(bridges.park(PARKING, ['vnet0']), {
      reason: 'AttachFailed',
      message: /"k8ss-2-1" does not forward/,
    });

    assert.ok(!fed.some((line) => line.includes('fwd')));
  });

  it('are plugged in while STP is off, or they would wait to forward, before their stand-ins go', async () => {
    await set('vnet0', 'brport/isolated', '1');
    await bridges.park(PARKING, ['vnet0']);
    fed.length = 0;
    waits = 0;

    await bridges.attach({ bridge: 'virbr1', ports: ['vnet0'], stp: true, mtu: 1400, parking: PARKING });

    assert.deepEqual(fed, [
      'link set virbr1 type bridge stp_state 0',
      'link set vnet0 mtu 1400',
      'link set vnet0 master virbr1',
      'link set vnet0 type bridge_slave isolated on',
      'link set virbr1 type bridge stp_state 1',
      ...unredirected,
      'link delete k8ss-2-1',
      `link delete ${PARKING}`,
    ]);
    assert.equal(waits, 1, 'for what is on its way');
    assert.equal(await bridges.parked(PARKING), undefined);
  });

  it('keep those who answered for an address, and not those who were asked in vain', async () => {
    neighbours = JSON.stringify([
      { dst: '192.168.111.98', lladdr: '52:54:00:00:00:01', state: ['REACHABLE'] },
      { dst: 'fe80::1', lladdr: '52:54:00:00:00:02', state: ['STALE'] },
      { dst: '192.168.111.99', state: ['INCOMPLETE'] },
    ]);
    const known = await bridges.neighbours('virbr1');
    assert.deepEqual(known, [
      { address: '192.168.111.98', mac: '52:54:00:00:00:01' },
      { address: 'fe80::1', mac: '52:54:00:00:00:02' },
    ]);
    neighbours = '';
    assert.deepEqual(await bridges.neighbours('virbr1'), [], 'no such bridge');

    await bridges.attach({ bridge: 'virbr1', ports: ['vnet1'], stp: true, parking: PARKING }, known);

    assert.deepEqual(fed, [
      'link set virbr1 type bridge stp_state 0',
      'link set vnet1 master virbr1',
      'neigh replace 192.168.111.98 lladdr 52:54:00:00:00:01 dev virbr1 nud stale',
      'neigh replace fe80::1 lladdr 52:54:00:00:00:02 dev virbr1 nud stale',
      'link set virbr1 type bridge stp_state 1',
    ]);
  });

  it('are plugged in without nft where none is parked', async () => {
    await bridges.attach({ bridge: 'virbr1', ports: ['vnet1'], stp: false, parking: PARKING });

    assert.deepEqual(fed, [
      'link set virbr1 type bridge stp_state 0',
      'link set vnet1 master virbr1',
      'link set virbr1 type bridge stp_state 0',
    ]);
  });

  it('stay parked while there is no bridge to plug them into', async () => {
    await bridges.park(PARKING, ['vnet0']);

    const attached = bridges.attach({ bridge: 'virbr9', ports: ['vnet0'], stp: false, parking: PARKING });

    await assert.rejects(attached, { reason: 'AttachFailed', message: /virbr9: there is no such bridge/ });
    assert.deepEqual(await bridges.parked(PARKING), ['vnet0']);
  });

  it('say which one was not plugged in, in the words of ip', async () => {
    deaf = true;

    await assert.rejects(
      bridges.attach({ bridge: 'virbr1', ports: ['vnet1', 'gone'], stp: false, parking: PARKING }),
      { reason: 'AttachFailed', message: /interface "vnet1" to virbr1: Cannot find device/ },
    );
  });

  it('go on by their own bridge where the kernel hands no frames over', async () => {
    broken = true;

    await assert.rejects(bridges.park(PARKING, ['vnet0']), /not supported/);

    assert.ok(fed.includes(`nft table netdev ${PARKING}-out {`));
    assert.ok(!fed.includes(`nft table netdev ${PARKING}-in {`), 'no frame is taken from it');
  });

  it('filter frames where the kernel says so, and not where it has no such setting', async () => {
    assert.equal(await bridges.filtersFrames(), false);
    await mkdir(join(dir, 'sysctl'));
    await writeFile(join(dir, 'sysctl/bridge-nf-call-iptables'), '1\n');
    assert.equal(await bridges.filtersFrames(), true);
  });
});

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createBridges, type Bridges } from '../../src/drivers/bridges.ts';
import { exec, type Exec } from '../../src/drivers/exec.ts';
import { createOverlays, type Overlays } from '../../src/drivers/overlays.ts';

export const BRIDGE = 'virbr1';
export const GATEWAY = '192.168.111.1';
export const GATEWAY_MAC = '52:54:00:aa:aa:aa';
const PING_SECONDS = 0.02;

/** A guest: a namespace of its own, with an interface in its vmhost's bridge. */
export interface Guest {
  readonly ip: string;
  readonly mac: string;
  readonly tap: string;
  readonly ns: string;
}

/** A namespace with a bridge, as libvirt makes it, on a link with the others. */
export interface Vmhost {
  readonly name: string;
  readonly address: string;
  readonly guests: readonly Guest[];
  readonly overlays: Overlays;
  readonly bridges: Bridges;
  /** Lines for ip(8), in the vmhost. */
  ip(...lines: string[]): void;
  run(...argv: string[]): string;
}

export interface Vmhosts {
  readonly all: readonly Vmhost[];
  /** Starts pings of one address from a guest. @returns what waits for them and tells how many had no answer */
  ping(from: Guest, to: string, count: number): () => Promise<number>;
  down(): void;
}

/** Why there can be none here; undefined: there can. */
export function whyNoVmhosts(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces take root';
  for (const program of ['ip', 'bridge', 'nft', 'ping']) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `${program} is not installed`;
  }
  const probe = 'ip link add k8sx-probe type vxlan id 1 dstport 4789 && nft list tables';
  return spawnSync('unshare', ['-n', 'sh', '-c', probe]).status === 0 ? undefined : 'the kernel has no VXLAN';
}

/** Two guests on each vmhost, without an overlay. */
export function createVmhosts(count: number): Vmhosts {
  const own = `k8slab-${process.pid}`;
  const spaces: string[] = [];
  const keepers: ChildProcess[] = [];
  const add = (name: string): string => {
    const ns = `${own}-${name}`;
    call(['ip', 'netns', 'add', ns]);
    spaces.push(ns);
    batch(ns, ['link set lo up']);
    return ns;
  };
  const wire = add('wire');
  batch(wire, ['link add link0 type bridge', 'link set link0 up']);
  const all = Array.from({ length: count }, (_, index): Vmhost => {
    const ns = add(`host${index}`);
    const address = `10.9.0.${index + 1}`;
    batch(ns, [
      `link add up0 type veth peer name up${index} netns ${wire}`,
      `addr add ${address}/24 dev up0`,
      'link set up0 up',
    ]);
    batch(wire, [`link set up${index} master link0 up`]);
    batch(ns, bridgeLines());
    const guests = [0, 1].map((nr): Guest => {
      const id = index * 2 + nr + 1;
      const guest = { ip: `192.168.111.${10 + id}`, mac: `52:54:00:00:00:0${id}`, tap: `vnet${nr}` };
      const space = add(`guest${id}`);
      batch(ns, [
        `link set ${BRIDGE} type bridge stp_state 0`,
        `link add ${guest.tap} mtu 1450 type veth peer name eth0 mtu 1450 netns ${space}`,
        `link set ${guest.tap} master ${BRIDGE} up`,
      ]);
      batch(space, [
        `link set eth0 address ${guest.mac} up`,
        `addr add ${guest.ip}/24 dev eth0`,
        `route add default via ${GATEWAY}`,
      ]);
      return { ...guest, ns: space };
    });
    batch(ns, [`link set ${BRIDGE} type bridge stp_state 1`]);
    const keeper = spawn('ip', ['netns', 'exec', ns, 'sleep', 'infinity'], { stdio: 'ignore' });
    keepers.push(keeper);
    const run: Exec = (argv, options) => exec(['ip', 'netns', 'exec', ns, ...argv], options);
    const proc = `/proc/${keeper.pid ?? 0}`;
    const sysDir = `${proc}/root/sys/class/net`;
    const underlay = {
      interfaceOf: () => 'up0',
      arpFile: `${proc}/net/arp`,
      hasRoute: () => Promise.resolve(true),
    };
    return {
      name: `vm${index}`,
      address,
      guests,
      overlays: createOverlays({ exec: run, sysDir, ...underlay }),
      bridges: createBridges({ exec: run, sysDir }),
      ip: (...lines) => batch(ns, lines),
      run: (...argv) => call(['ip', 'netns', 'exec', ns, ...argv]),
    };
  });
  return {
    all,
    ping,
    down() {
      for (const keeper of keepers) keeper.kill('SIGKILL');
      for (const ns of spaces.toReversed()) spawnSync('ip', ['netns', 'delete', ns]);
    },
  };
}

/** As libvirt makes it: the delay is none while STP is off, and the least that the kernel knows once it is on. */
export function bridgeLines(): string[] {
  return [
    `link add ${BRIDGE} address ${GATEWAY_MAC} mtu 1450 type bridge forward_delay 0 stp_state 1`,
    `addr add ${GATEWAY}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ];
}

function ping(from: Guest, to: string, count: number): () => Promise<number> {
  const argv = [
    'netns',
    'exec',
    from.ns,
    'ping',
    '-n',
    '-i',
    String(PING_SECONDS),
    '-c',
    String(count),
    '-W',
    '1',
    to,
  ];
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const closed = once(child, 'close');
  return async () => {
    await closed;
    const [, received] = /transmitted, (\d+) received/.exec(printed) ?? assert.fail(printed);
    return count - Number(received);
  };
}

function batch(ns: string, lines: readonly string[]): void {
  call(['ip', '-n', ns, '-batch', '-'], `${lines.join('\n')}\n`);
}

function call([program = '', ...args]: readonly string[], input = ''): string {
  return execFileSync(program, args, { input, encoding: 'utf8' });
}

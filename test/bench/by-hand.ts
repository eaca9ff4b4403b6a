import type { Lab } from '../lab/lab.ts';
import { addressOf, NETWORK, nodeName } from './manifests.ts';

/** The same work without k8slab: the bare programs, and virsh as one session or as a process for each call. */

const BASE = '/srv/images/guest.qcow2';
export const DIR = '/var/lib/libvirt/images/by-hand';
const SEED = `{"users":["default"],"ssh_authorized_keys":["ssh-ed25519 ${'A'.repeat(68)} by-hand"]}`;

/** Runs a shell script in the vmhost. @returns the seconds between its beginning and its end, by the vmhost's clock */
export async function timed(lab: Lab, script: string, timeoutMs = 900_000): Promise<number> {
  const input = `begin=$(date +%s%N)\n{\n${script}\n} >/tmp/bench.out || exit\necho $(($(date +%s%N) - begin))\n`;
  return Number(await lab.must(['bash', '-s'], { input, timeoutMs })) / 1e9;
}

/** Seconds that a warm virsh session takes for these commands: the time of its start is taken off. */
export async function session(lab: Lab, commands: readonly string[]): Promise<number> {
  await lab.writeFile('/tmp/bench.virsh', `${commands.join('\n')}\n`);
  const cold: number[] = [];
  const all: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    cold.push(await timed(lab, 'echo uri | virsh -q'));
    all.push(await timed(lab, 'virsh -q </tmp/bench.virsh'));
  }
  return Math.max(Math.min(...all) - Math.min(...cold), 0.001);
}

/** Reads all once, as a daemon that starts must. */
export function readAll(nodes: number): string[] {
  const names = Array.from({ length: nodes }, (_, index) => `dumpxml --inactive ${nodeName(index)}`);
  return [...listAll(), `net-dumpxml ${NETWORK}`, `net-dumpxml --inactive ${NETWORK}`, ...names];
}

/** One list with states. */
export function listAll(): string[] {
  return ['list --all --uuid --name', 'domstats --state'];
}

/** A process for each thing that one would ask about a Node. @returns seconds for all, from a sample */
export async function readAllByScript(lab: Lab, nodes: number): Promise<number> {
  const sample = Math.min(nodes, 25);
  const lines = Array.from({ length: sample }, (_, index) => {
    const name = nodeName(index);
    return `virsh domstate ${name}; virsh dumpxml --inactive ${name}; virsh net-dumpxml ${NETWORK}; virsh net-info ${NETWORK}`;
  });
  return ((await timed(lab, lines.join('\n'))) / sample) * nodes;
}

/** Overlay, seed and domain of each Node by the bare programs on both cores, and one virsh session. */
export async function defineByPrograms(lab: Lab, nodes: number): Promise<number> {
  await prepare(lab, nodes);
  return timed(
    lab,
    `cd ${DIR}
seq 0 ${nodes - 1} | xargs -P "$(nproc)" -n 25 sh -c 'for i; do ${overlay('$i')} && ${seed('$i')} || exit 255; done' sh
virsh -q <define.virsh`,
  ).finally(() => clean(lab));
}

/** The same as a loop, one after the other, virsh as a process for each call. @returns seconds for all, from a sample */
export async function defineByScript(lab: Lab, nodes: number): Promise<number> {
  const sample = Math.min(nodes, 25);
  await prepare(lab, sample);
  const seconds = await timed(
    lab,
    `cd ${DIR}
virsh net-define network.xml
for i in $(seq 0 ${sample - 1}); do ${overlay('$i')} && ${seed('$i')} && virsh define $i.xml; done`,
  ).finally(() => clean(lab));
  return (seconds / sample) * nodes;
}

export function overlayArgv(index: string): string[] {
  return ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', BASE, `${index}.qcow2`, '64M'];
}

export function seedArgv(index: string): string[] {
  return ['xorriso', '-as', 'mkisofs', '-quiet', '-V', 'cidata', '-J', '-r', '-o', `${index}.iso`, 'seed'];
}

function overlay(index: string): string {
  return overlayArgv(index).join(' ');
}

function seed(index: string): string {
  return `${seedArgv(index).join(' ')} 2>/dev/null`;
}

export async function prepare(lab: Lab, nodes: number): Promise<void> {
  const indexes = Array.from({ length: nodes }, (_, index) => index);
  const domains = indexes.map((index) => `cat >${index}.xml <<'END'\n${domainXml(index)}\nEND`);
  const defines = ['net-define network.xml', ...indexes.map((index) => `define ${index}.xml`)];
  const input = [
    `set -e; mkdir -p ${DIR}/seed; cd ${DIR}`,
    ...['user-data', 'meta-data', 'network-config'].map((name) => `echo '${SEED}' >seed/${name}`),
    `cat >network.xml <<'END'\n${networkXml(indexes)}\nEND`,
    `cat >define.virsh <<'END'\n${defines.join('\n')}\nEND`,
    ...domains,
  ].join('\n');
  await lab.must(['bash', '-s'], { input });
}

export async function clean(lab: Lab): Promise<void> {
  const input = `cd ${DIR}
for i in *.xml; do echo "undefine by-hand-\${i%.xml}"; done | virsh -q >/dev/null 2>&1
virsh -q net-undefine by-hand >/dev/null
rm -rf ${DIR}`;
  await lab.exec(['bash', '-s'], { input, timeoutMs: 600_000 });
}

function macOf(index: number): string {
  return `52:54:01:be:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
}

function networkXml(indexes: readonly number[]): string {
  const hosts = indexes.map((i) => `<host mac='${macOf(i)}' name='by-hand-${i}' ip='${addressOf(i)}'/>`);
  const names = indexes.map((i) => `<host ip='${addressOf(i)}'><hostname>by-hand-${i}</hostname></host>`);
  return `<network><name>by-hand</name><forward mode='nat'/><bridge name='by-hand'/><dns>${names.join('')}</dns>
<ip address='10.64.0.1' netmask='255.255.0.0'><dhcp><range start='10.64.1.0' end='10.64.3.255'/>${hosts.join('')}</dhcp></ip></network>`;
}

function domainXml(index: number): string {
  return `<domain type='qemu'><name>by-hand-${index}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${DIR}/${index}.qcow2'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${DIR}/${index}.iso'/><target dev='vdb' bus='virtio'/><readonly/></disk>
<interface type='network'><mac address='${macOf(index)}'/><source network='by-hand'/><model type='virtio'/></interface>
</devices></domain>`;
}

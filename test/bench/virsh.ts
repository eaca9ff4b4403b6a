import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec, spawnProcess } from '../../src/drivers/exec.ts';
import { createLibvirt, createVirsh } from '../../src/drivers/libvirt.ts';
import type { Libvirt, Virsh } from '../../src/drivers/libvirt.ts';
import { medianSeconds } from './bench.ts';
import type { Bench, BenchContext, BenchTable } from './bench.ts';

const NODES = 100;
const NETWORK = 'k8slab-bench';
const DEADLINE_MS = 60_000;

/** The sessions of the driver against the least virsh needs and against a process for each call. */
export const virshBench: Bench = {
  name: 'virsh',
  async run(context) {
    const fixture = await setUp(context);
    try {
      return [await reads(fixture, context), await pass(fixture, context)];
    } finally {
      await fixture.remove();
    }
  },
};

interface Fixture {
  /** Where the network and the domains are. */
  uri: string;
  /** Where processes are started for one call each; there, a network and a domain to read. */
  processes: { uri: string; network: string; domain: (node: number) => string };
  virsh: (size: number) => Virsh;
  libvirt: (virsh: Virsh) => Libvirt;
  remove: () => Promise<void>;
}

async function reads(fixture: Fixture, { progress }: BenchContext): Promise<BenchTable> {
  const dump = ['net-dumpxml', '--network', NETWORK];
  const virsh = fixture.virsh(1);
  await virsh.call(dump);
  const piped = await pipedSession(fixture.uri);
  progress(`${NODES} reads, one virsh`);
  const limit = await medianSeconds(() => piped.run(Array.from({ length: NODES }, () => dump.join(' '))));
  const session = await medianSeconds(async () => {
    for (let i = 0; i < NODES; i += 1) await virsh.call(dump);
  });
  progress(`${NODES} reads, a process each`);
  const { uri, network } = fixture.processes;
  const apart = await medianSeconds(async () => {
    for (let i = 0; i < NODES; i += 1) await process(uri, ['net-dumpxml', '--network', network]);
  }, 1);
  piped.end();
  await virsh.dispose();
  return {
    work: `${NODES} reads of a network of ${NODES} reservations, one after the other`,
    ways: [
      {
        way: 'virsh fed all at once',
        seconds: limit,
        note: 'limit: no answer is waited for or told from another',
      },
      {
        way: 'driver, one session',
        seconds: session,
        note: `${((session / NODES) * 1000).toPrecision(2)} ms a call`,
      },
      {
        way: 'a virsh process a call',
        seconds: apart,
        note: `${(apart / session).toPrecision(3)} x the driver`,
      },
    ],
  };
}

async function pass(fixture: Fixture, { progress }: BenchContext): Promise<BenchTable> {
  const piped = await pipedSession(fixture.uri);
  const nodes = Array.from({ length: NODES }, (_, i) => i);
  const unavoidable = [
    'list --all --uuid --name',
    'domstats --state',
    `net-dumpxml ${NETWORK}`,
    `net-dumpxml ${NETWORK}`,
    ...nodes.map((node) => `dumpxml --inactive ${domainName(node)}`),
  ];
  progress('a pass, one virsh');
  const limit = await medianSeconds(() => piped.run(unavoidable));
  piped.end();
  const one = await passWith(fixture, 1);
  const four = await passWith(fixture, 4);
  progress(`a pass, ${NODES * 4} processes`);
  const { uri, network, domain } = fixture.processes;
  const apart = await medianSeconds(async () => {
    for (const node of nodes) {
      await process(uri, ['domstate', '--domain', domain(node)]);
      await process(uri, ['dumpxml', '--domain', domain(node)]);
      await process(uri, ['net-dumpxml', '--network', network]);
      await process(uri, ['net-info', '--network', network]);
    }
  }, 1);
  return {
    work: `a pass over ${NODES} domains and a network of ${NODES} reservations, nothing to change`,
    ways: [
      {
        way: 'virsh fed all at once',
        seconds: limit,
        note: 'limit: list, states, both network XMLs, each domain XML',
      },
      { way: 'driver, one session', seconds: one },
      { way: 'driver, four sessions', seconds: four, note: 'the default' },
      {
        way: 'four virsh processes a node',
        seconds: apart,
        note: `${(apart / four).toPrecision(3)} x the driver`,
      },
    ],
  };
}

/** A pass as the controllers look at libvirt, all domains asked for at once. */
async function passWith(fixture: Fixture, size: number): Promise<number> {
  const virsh = fixture.virsh(size);
  const libvirt = fixture.libvirt(virsh);
  async function look(): Promise<void> {
    const domains = await libvirt.domains();
    await libvirt.networkXml(NETWORK, { inactive: false });
    await libvirt.networkXml(NETWORK, { inactive: true });
    const ours = domains.filter(({ name }) => name.startsWith(NETWORK));
    await Promise.all(ours.map(({ name }) => libvirt.domainXml(name, { inactive: true })));
    if (ours.length !== NODES) throw new Error(`${ours.length} domains instead of ${NODES}`);
  }
  await look();
  const seconds = await medianSeconds(look);
  await libvirt.dispose();
  return seconds;
}

function process(uri: string, argv: readonly string[]): Promise<unknown> {
  return exec(['virsh', '-q', '-c', uri, ...argv], { deadlineMs: DEADLINE_MS });
}

/** A connected virsh that is given many commands at once and only has to come to their end. */
async function pipedSession(
  uri: string,
): Promise<{ run: (lines: string[]) => Promise<void>; end: () => void }> {
  const child = spawnProcess(['virsh', '-q', '-c', uri], {
    env: { INPUTRC: '/dev/null', XDG_CACHE_HOME: '/dev/null' },
  });
  let rounds = 0;
  let heard: (text: string) => void = () => undefined;
  child.onStdout((chunk) => {
    heard(chunk.toString('latin1'));
  });
  async function run(lines: string[]): Promise<void> {
    rounds += 1;
    const mark = `end-of-round-${rounds}.`;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let tail = '';
    heard = (text) => {
      tail = (tail + text).slice(-200 - text.length);
      if (tail.includes(mark)) resolve(undefined);
    };
    child.write(`${lines.join('\n')}\necho e''${mark.slice(1)}\n`);
    await promise;
  }
  await run(['uri']);
  return { run, end: () => child.kill() };
}

/** The fixture on a real libvirt, or in a file that the test driver reads. */
async function setUp(context: BenchContext): Promise<Fixture> {
  context.progress(`${NODES} domains`);
  return context.uri === undefined ? setUpTestDriver(context.dir) : setUpLibvirt(context.uri, context.dir);
}

async function setUpTestDriver(dir: string): Promise<Fixture> {
  const path = join(dir, 'node.xml');
  const domains = Array.from({ length: NODES }, (_, i) => domainXml(i, 'test'));
  await writeFile(path, `<node>${domains.join('')}${networkXml()}</node>`);
  const uri = `test://${path}`;
  return {
    ...connections(uri, dir),
    // Each process would first read that file: give them less to do instead.
    processes: { uri: 'test:///default', network: 'default', domain: () => 'test' },
    remove: () => Promise.resolve(),
  };
}

async function setUpLibvirt(uri: string, dir: string): Promise<Fixture> {
  const made = connections(uri, dir);
  const virsh = made.virsh(1);
  const libvirt = made.libvirt(virsh);
  async function remove(): Promise<void> {
    for (const { name } of await libvirt.domains()) {
      if (name.startsWith(`${NETWORK}-`))
        await libvirt.undefineDomain(name, { nvram: true, managedSave: true, snapshotsMetadata: true });
    }
    await libvirt.undefineNetwork(NETWORK);
  }
  await remove();
  await libvirt.defineNetwork(networkXml());
  for (let i = 0; i < NODES; i += 1) await libvirt.defineDomain(domainXml(i, 'qemu'));
  return {
    ...made,
    processes: { uri, network: NETWORK, domain: domainName },
    async remove() {
      await remove();
      await libvirt.dispose();
    },
  };
}

function connections(uri: string, dir: string): Pick<Fixture, 'uri' | 'virsh' | 'libvirt'> {
  return {
    uri,
    virsh: (size) => createVirsh({ uri, size }),
    libvirt: (virsh) => createLibvirt({ virsh, xmlDir: join(dir, 'xml') }),
  };
}

function domainName(node: number): string {
  return `${NETWORK}-${String(node).padStart(3, '0')}`;
}

function macOf(node: number): string {
  return `52:54:00:be:00:${node.toString(16).padStart(2, '0')}`;
}

function networkXml(): string {
  const hosts = Array.from({ length: NODES }, (_, i) => {
    return `<host mac='${macOf(i)}' name='${domainName(i)}' ip='10.255.254.${i + 10}'/>`;
  });
  const names = Array.from({ length: NODES }, (_, i) => {
    return `<host ip='10.255.254.${i + 10}'><hostname>${domainName(i)}</hostname></host>`;
  });
  return `<network><name>${NETWORK}</name><forward mode='nat'/><bridge name='k8slabbench'/><dns>${names.join('')}</dns>
<ip address='10.255.254.1' netmask='255.255.255.0'><dhcp><range start='10.255.254.8' end='10.255.254.250'/>${hosts.join('')}</dhcp></ip></network>`;
}

function domainXml(node: number, type: string): string {
  return `<domain type='${type}'><name>${domainName(node)}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/nowhere/${domainName(node)}.qcow2'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nowhere/${domainName(node)}.iso'/><target dev='vdb' bus='virtio'/><readonly/></disk>
<interface type='network'><mac address='${macOf(node)}'/><source network='${NETWORK}'/><model type='virtio'/></interface>
</devices></domain>`;
}

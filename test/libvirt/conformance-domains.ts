import type { Scenario, Step } from './conformance.ts';

const UUID = '6f1c0d5e-0000-4000-8000-0000000000c3';
const OTHER_UUID = '6f1c0d5e-0000-4000-8000-0000000000d4';
/** A directory of the vmhost with d.qcow2 in it. */
export const DISK_DIR = '/var/tmp/k8slab-conformance';

interface Parts {
  readonly name?: string;
  readonly uuid?: string;
  readonly cpus?: string;
  readonly devices?: string;
}

function domain(parts: Parts = {}): string {
  const { name = 'cf-p', uuid = name === 'cf-p' ? UUID : '', cpus = '<vcpu>2</vcpu>', devices = '' } = parts;
  const identity = uuid === '' ? '' : `<uuid>${uuid}</uuid>`;
  return `<domain type='qemu'><name>${name}</name>${identity}<memory unit='MiB'>64</memory>${cpus}<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>${devices}</devices></domain>`;
}

function define(parts: Parts = {}, refused?: true, why?: string): Step {
  return {
    virsh: 'define XML',
    xml: domain(parts),
    ...(refused === undefined ? {} : { refused }),
    ...(why === undefined ? {} : { why }),
  };
}

function topology(cores: number): string {
  return `<cpu><topology sockets='1' cores='${cores}' threads='1'/></cpu>`;
}

function numa(cpus: string): string {
  return `<cpu><numa><cell id='0' cpus='${cpus}' memory='65536'/></numa></cpu>`;
}

const vcpus =
  "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/><vcpu id='1' enabled='no' hotpluggable='yes'/></vcpus>";

const cpus: Scenario = {
  title: 'R28: <vcpu> against what else counts CPUs',
  notByTestDriver: true,
  steps: [
    define({ cpus: `<vcpu>3</vcpu>${topology(2)}` }, true),
    define({ cpus: `<vcpu>2</vcpu>${topology(1)}` }, true),
    define({ cpus: `<vcpu>2</vcpu>${topology(2)}` }),
    define({ cpus: `<vcpu>1</vcpu>${numa('0-1')}` }, true),
    define({ cpus: `<vcpu>4</vcpu>${numa('0-1')}` }),
    define({ cpus: `<vcpu current='3'>2</vcpu>` }, true),
    define({ cpus: `<vcpu>1</vcpu>${vcpus}` }, true),
    define({ cpus: `<vcpu current='2'>3</vcpu>${vcpus}` }, undefined, 'the list decides, and is made whole'),
    {
      virsh: 'dumpxml cf-p --inactive',
      shows: [
        "<vcpu placement='static' current='1'>3</vcpu>",
        "<vcpu id='1' enabled='no' hotpluggable='yes'/><vcpu id='2' enabled='no' hotpluggable='yes'/></vcpus>",
        "<memory unit='KiB'>65536</memory><currentMemory unit='KiB'>65536</currentMemory>",
      ],
    },
  ],
};

function disk(file: string): string {
  return `<disk type='file'><driver name='qemu' type='qcow2'/><source file='${DISK_DIR}/${file}'/><target dev='vda' bus='virtio'/></disk>`;
}

function nic(mac: string): string {
  return `<interface type='network'><mac address='${mac}'/><source network='cf-a'/><model type='virtio'/></interface>`;
}

const identities: Scenario = {
  title: 'a definition that clashes with another domain',
  notByTestDriver: true,
  steps: [
    define({ devices: nic('52:54:00:00:00:21') }),
    define({ uuid: '' }, true, 'a redefinition has to name the UUID'),
    define({ uuid: OTHER_UUID }, true),
    define({ name: 'cf-q', uuid: UUID }, true),
    define({ name: 'cf-q', devices: nic('52:54:00:00:00:21') }, undefined, 'a MAC address may be had twice'),
    define({ devices: nic('53:54:00:00:00:21') }, true, 'multicast'),
    define({ devices: disk('d.qcow2') + disk('e.qcow2') }, true, 'twice the same target'),
    { virsh: 'undefine cf-q' },
    { virsh: 'dominfo cf-q', refused: true },
  ],
};

const NETWORK =
  "<network><name>cf-a</name><uuid>6f1c0d5e-0000-4000-8000-0000000000a1</uuid><bridge name='cfbr-a'/><ip address='10.9.1.1' netmask='255.255.255.0'/></network>";

const runs: Scenario = {
  title: 'a guest and its network',
  notByTestDriver: true,
  steps: [
    define({ devices: nic('52:54:00:00:00:21') }),
    { virsh: 'start cf-p', refused: true, why: 'there is no such network' },
    { virsh: 'net-define XML', xml: NETWORK },
    { virsh: 'start cf-p', refused: true, why: 'its network is not active' },
    { virsh: 'net-start cf-a' },
    { virsh: 'start cf-p' },
    { virsh: 'start cf-p', refused: true, why: 'it runs' },
    { virsh: 'dumpxml cf-p', shows: ["bridge='cfbr-a'/><target dev='vnet", ' id='] },
    { virsh: 'dumpxml cf-p --inactive', shows: ["<domain type='qemu'><name>"], hides: ['vnet', 'portid'] },
    { virsh: 'net-dumpxml cf-a', shows: ["connections='1'"] },
    { virsh: 'net-destroy cf-a' },
    {
      virsh: 'dumpxml cf-p',
      shows: ["<target dev='vnet"],
      why: 'T5: the guest keeps a tap without a master',
    },
    { virsh: 'net-start cf-a' },
    { virsh: 'net-dumpxml cf-a', hides: ['connections'], why: 'T19' },
    { virsh: 'domif-setlink cf-p 52:54:00:00:00:21 down' },
    { virsh: 'dumpxml cf-p', shows: ["<link state='down'/>"] },
    { virsh: 'dumpxml cf-p --inactive', hides: ["state='down'"] },
    define({ devices: nic('52:54:00:00:00:21'), cpus: '<vcpu>1</vcpu>' }),
    { virsh: 'dumpxml cf-p', shows: ["<vcpu placement='static'>2</vcpu>"] },
    { virsh: 'dumpxml cf-p --inactive', shows: ["<vcpu placement='static'>1</vcpu>"] },
    { virsh: 'undefine cf-p' },
    { virsh: 'dominfo cf-p', shows: ['Persistent: no'] },
    { virsh: 'autostart cf-p', refused: true },
    { virsh: 'undefine cf-p', refused: true },
    { virsh: 'destroy cf-p' },
    { virsh: 'dominfo cf-p', refused: true, why: 'it is forgotten' },
    { virsh: 'destroy cf-q', refused: true },
  ],
};

const disks: Scenario = {
  title: 'disks and secrets',
  notByTestDriver: true,
  steps: [
    define({ devices: disk('nosuch.qcow2') }, undefined, 'not looked for before the start'),
    { virsh: 'start cf-p', refused: true },
    define({ devices: `${disk('d.qcow2')}<graphics type='vnc' passwd='geheim'/>` }),
    { virsh: 'dumpxml cf-p --inactive', shows: ["<graphics type='vnc'"], hides: ['geheim'] },
    { virsh: 'dumpxml cf-p --inactive --security-info', shows: ["passwd='geheim'"] },
    { virsh: 'autostart cf-p' },
    { virsh: 'dumpxml cf-p --inactive', hides: ['autostart'], why: 'it is no part of the document' },
    { virsh: 'start cf-p' },
    { virsh: 'destroy cf-p' },
    { virsh: 'destroy cf-p', refused: true },
  ],
};

function info(...shows: readonly string[]): Step {
  return { virsh: 'dominfo cf-p', shows };
}

const held: Scenario = {
  title: 'a guest that is held',
  steps: [
    define(),
    { virsh: 'suspend cf-p', refused: true, why: 'it is off' },
    { virsh: 'resume cf-p', refused: true },
    { virsh: 'start cf-p' },
    { virsh: 'suspend cf-p' },
    info('State: paused'),
    { virsh: 'start cf-p', refused: true, why: 'it is active' },
    { virsh: 'resume cf-p' },
    { virsh: 'resume cf-p', refused: true, why: 'it runs' },
    info('State: running', 'Managed save: no'),
    { virsh: 'suspend cf-p' },
    { virsh: 'destroy cf-p' },
    { virsh: 'start cf-p' },
    info('State: running'),
    { virsh: 'destroy cf-p' },
    { virsh: 'undefine cf-p' },
    { virsh: 'dominfo cf-p', refused: true },
  ],
};

const saved: Scenario = {
  title: 'a guest that is saved',
  // The test driver saves at once, and virsh never ends when a save is over before it begins to wait (62 of 400).
  notByTestDriver: true,
  steps: [
    define(),
    { virsh: 'managedsave cf-p', refused: true, why: 'it is off' },
    { virsh: 'start cf-p' },
    { virsh: 'managedsave cf-p' },
    info('State: shut off', 'Managed save: yes'),
    { virsh: 'undefine cf-p', refused: true },
    define({ cpus: '<vcpu>1</vcpu>' }, undefined, 'what is saved is kept'),
    info('Managed save: yes'),
    { virsh: 'managedsave-remove cf-p' },
    { virsh: 'managedsave-remove cf-p', why: 'nothing to do' },
    info('Managed save: no'),
    { virsh: 'start cf-p' },
    { virsh: 'managedsave cf-p' },
    { virsh: 'start cf-p' },
    info('State: running', 'Managed save: no'),
    { virsh: 'managedsave cf-p' },
    { virsh: 'undefine cf-p --managed-save' },
    { virsh: 'dominfo cf-p', refused: true },
  ],
};

const restored: Scenario = {
  title: 'a guest that was saved comes back as it was saved',
  notByTestDriver: true,
  steps: [
    define(),
    { virsh: 'start cf-p' },
    { virsh: 'managedsave cf-p' },
    define({ cpus: '<vcpu>1</vcpu>' }),
    { virsh: 'start cf-p' },
    { virsh: 'dumpxml cf-p', shows: ["<vcpu placement='static'>2</vcpu>"] },
    { virsh: 'dumpxml cf-p --inactive', shows: ["<vcpu placement='static'>1</vcpu>"] },
    { virsh: 'suspend cf-p' },
    { virsh: 'suspend cf-p', why: 'it is, and that is no error' },
    { virsh: 'destroy cf-p' },
  ],
};

const snapshots: Scenario = {
  title: 'snapshots within the disk',
  steps: [
    define({ devices: disk('d.qcow2') }),
    { virsh: 'snapshot-create-as cf-p one' },
    { virsh: 'snapshot-create-as cf-p one', refused: true },
    { virsh: 'dumpxml cf-p --inactive', shows: ['d.qcow2'] },
    { virsh: 'undefine cf-p', refused: true, why: 'it has snapshots' },
    { virsh: 'undefine cf-p --snapshots-metadata' },
    { virsh: 'dominfo cf-p', refused: true },
  ],
};

const overlays: Scenario = {
  title: 'snapshots in files of their own',
  notByTestDriver: true,
  steps: [
    define({ devices: disk('d.qcow2') }),
    { virsh: 'snapshot-create-as cf-p two --disk-only' },
    { virsh: 'dumpxml cf-p --inactive', shows: [`${DISK_DIR}/d.two`] },
    { virsh: 'undefine cf-p', refused: true },
    { virsh: 'undefine cf-p --snapshots-metadata' },
  ],
};

export const DOMAIN_SCENARIOS: readonly Scenario[] = [
  cpus,
  identities,
  runs,
  disks,
  held,
  saved,
  restored,
  snapshots,
  overlays,
];

import type { CheckStatus } from '../../../src/cli/doctor/check.ts';
import type { Facts } from '../../../src/cli/doctor/facts.ts';
import { demandIn, LAB, soundFacts } from './facts.ts';

const GIB = 1024 ** 3;
const sound = soundFacts();
const machine = { memoryTotal: 16 * GIB, memoryAvailable: 12 * GIB, cpus: 4, cpuFlags: ['vmx'] };
const libvirt = { version: '9.0.0', networks: [], runningDomains: [] };
const kvmOnly = demandIn(LAB.replaceAll('role: ', 'domainType: kvm, role: '));
const qemuOnly = demandIn(LAB.replaceAll('role: ', 'domainType: qemu, role: '));
const packed = demandIn(LAB.replace('debian.qcow2', 'debian.raw.xz'));
const unseen = { unknown: 'not to be seen' };

export interface Case {
  readonly reason: string;
  readonly facts: Partial<Facts>;
  readonly check: string;
  readonly status: CheckStatus;
  /** What message and hint say together. */
  readonly says?: RegExp;
}

function without(name: string): Facts['programs'] {
  return new Map([...sound.programs].filter(([key]) => key !== name));
}

/** Programs, libvirt and KVM. */
export const hostCases: readonly Case[] = [
  {
    reason: 'a program lacks',
    facts: { programs: without('xorriso') },
    check: 'xorriso',
    status: 'FAIL',
    says: /apt-get install xorriso/,
  },
  {
    reason: 'a program lacks on Fedora',
    facts: { programs: without('virsh'), family: 'fedora' },
    check: 'virsh',
    status: 'FAIL',
    says: /dnf install libvirt-client/,
  },
  {
    reason: 'a program lacks elsewhere',
    facts: { programs: without('ip'), family: 'other' },
    check: 'ip',
    status: 'FAIL',
    says: /Debian: iproute2, Fedora: iproute/,
  },
  {
    reason: 'an unpacker lacks that no image needs',
    facts: { programs: without('xz') },
    check: 'xz',
    status: 'WARN',
  },
  {
    reason: 'an unpacker lacks that an image needs',
    facts: { programs: without('xz'), demand: packed },
    check: 'xz',
    status: 'FAIL',
    says: /image debian/,
  },

  {
    reason: 'libvirt is old',
    facts: { libvirt: { ...libvirt, version: '8.10.0' } },
    check: 'libvirt',
    status: 'FAIL',
    says: /older than 9\.0/,
  },
  {
    reason: 'libvirt is new',
    facts: { libvirt: { ...libvirt, version: '11.3.0' } },
    check: 'libvirt',
    status: 'OK',
  },
  {
    reason: 'libvirt does not run',
    facts: { libvirt: { error: 'no socket', reason: 'LibvirtUnreachable' } },
    check: 'libvirt',
    status: 'FAIL',
    says: /libvirtd\.socket/,
  },
  {
    reason: 'libvirt does not run on Fedora',
    facts: { family: 'fedora', libvirt: { error: 'no socket', reason: 'LibvirtUnreachable' } },
    check: 'libvirt',
    status: 'FAIL',
    says: /virtqemud\.socket/,
  },
  {
    reason: 'libvirt may not be asked by who is not root',
    facts: { root: false, user: 'me', libvirt: { error: 'denied', reason: 'PermissionDenied' } },
    check: 'libvirt',
    status: 'UNKNOWN',
    says: /usermod -aG libvirt me/,
  },
  {
    reason: 'there is no virsh to ask libvirt by',
    facts: { libvirt: { error: 'no virsh', reason: 'VirshMissing' } },
    check: 'libvirt',
    status: 'FAIL',
    says: /libvirt-daemon-system/,
  },
  {
    reason: 'both sorts of daemons are active',
    facts: { daemons: { monolithic: true, modular: ['virtqemud'] } },
    check: 'libvirt daemons',
    status: 'WARN',
  },
  {
    reason: 'the daemons are modular',
    facts: { daemons: { monolithic: false, modular: ['virtqemud', 'virtnetworkd'] } },
    check: 'libvirt daemons',
    status: 'OK',
    says: /virtqemud/,
  },
  {
    reason: 'one of the modular daemons is not active',
    facts: { daemons: { monolithic: false, modular: ['virtqemud'] } },
    check: 'libvirt daemons',
    status: 'FAIL',
    says: /virtnetworkd is not active.*enable --now virtnetworkd\.socket/s,
  },
  {
    reason: 'modular daemons do not answer on Debian',
    facts: {
      daemons: { monolithic: false, modular: ['virtnetworkd'] },
      libvirt: { error: 'no socket', reason: 'LibvirtUnreachable' },
    },
    check: 'libvirt',
    status: 'FAIL',
    says: /no socket(?!.*libvirtd).*virtqemud\.socket/s,
  },
  {
    reason: 'no daemon is active',
    facts: {
      daemons: { monolithic: false, modular: [] },
      libvirt: { error: 'x', reason: 'LibvirtUnreachable' },
    },
    check: 'libvirt daemons',
    status: 'FAIL',
  },
  {
    reason: 'systemd cannot be asked',
    facts: { daemons: unseen },
    check: 'libvirt daemons',
    status: 'UNKNOWN',
  },
  {
    reason: 'the user is not in the group',
    facts: { root: false, user: 'me', groups: ['me'] },
    check: 'group libvirt',
    status: 'WARN',
    says: /usermod/,
  },
  {
    reason: 'the user is in the group',
    facts: { root: false, user: 'me', groups: ['me', 'libvirt'] },
    check: 'group libvirt',
    status: 'OK',
  },

  {
    reason: 'a guest hangs on KVM',
    facts: { kvm: { state: 'Hangs', seconds: 5 } },
    check: 'kvm',
    status: 'FAIL',
    says: /domainType: qemu/,
  },
  {
    reason: 'QEMU aborts on KVM',
    facts: { kvm: { state: 'Fails', why: 'failed to set MSR' } },
    check: 'kvm',
    status: 'FAIL',
    says: /failed to set MSR/,
  },
  {
    reason: 'KVM works without hardware',
    facts: { machine: { ...machine, cpuFlags: [] } },
    check: 'kvm',
    status: 'WARN',
    says: /neither vmx nor svm/,
  },
  {
    reason: 'there is no KVM',
    facts: { kvm: { state: 'Absent' } },
    check: 'kvm',
    status: 'WARN',
    says: /modprobe/,
  },
  {
    reason: 'there is no KVM, nor a CPU for it',
    facts: { kvm: { state: 'Absent' }, machine: { ...machine, cpuFlags: [] } },
    check: 'kvm',
    status: 'WARN',
    says: /firmware/,
  },
  {
    reason: 'there is no KVM, and a Node wants it',
    facts: { kvm: { state: 'Absent' }, demand: kvmOnly },
    check: 'kvm',
    status: 'FAIL',
  },
  {
    reason: 'KVM hangs, and no Node wants it',
    facts: { kvm: { state: 'Hangs', seconds: 5 }, demand: qemuOnly },
    check: 'kvm',
    status: 'OK',
  },
  {
    reason: 'KVM hangs, and the daemon does not want it',
    facts: { kvm: { state: 'Hangs', seconds: 5 }, domainType: 'qemu' },
    check: 'kvm',
    status: 'OK',
  },
  {
    reason: 'KVM hangs, and the daemon would not want it, but a Node does',
    facts: { kvm: { state: 'Hangs', seconds: 5 }, domainType: 'qemu', demand: kvmOnly },
    check: 'kvm',
    status: 'FAIL',
  },
  { reason: 'KVM may not be opened', facts: { kvm: { state: 'Denied' } }, check: 'kvm', status: 'UNKNOWN' },
  {
    reason: 'KVM was not tried',
    facts: { kvm: { state: 'Untried', why: 'no QEMU' } },
    check: 'kvm',
    status: 'UNKNOWN',
  },
];

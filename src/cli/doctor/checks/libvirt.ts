import { tooOld } from '../../../api/libvirt/version.ts';
import { fail, isUnknown, ok, unknown, warn, type Check } from '../check.ts';
import { MODULAR_DAEMONS, type DaemonFacts, type Facts } from '../facts.ts';
import { install } from './programs.ts';

type Seen = Pick<Facts, 'libvirt' | 'daemons' | 'root' | 'user' | 'family' | 'groups'>;

/** Whether libvirt answers, which daemons serve it, and whether it is new enough. */
export function checkLibvirt(facts: Seen): Check[] {
  return [answers(facts), daemons(facts), group(facts)].flat();
}

function answers({ libvirt, root, user, family, daemons: found }: Seen): Check {
  if ('version' in libvirt) {
    const { version } = libvirt;
    const old = tooOld(version);
    return old === undefined ? ok('libvirt', version) : fail('libvirt', old.why, old.hint);
  }
  const { reason, error } = libvirt;
  if (reason === 'VirshMissing') {
    return fail(
      'libvirt',
      'it cannot be asked without virsh',
      install(family, { debian: 'libvirt-daemon-system libvirt-clients', fedora: 'libvirt' }),
    );
  }
  if (!root && reason === 'PermissionDenied') {
    return unknown(
      'libvirt',
      `${user} may not ask it`,
      `usermod -aG libvirt ${user}, and log in anew; or run this as root`,
    );
  }
  const modular = !isUnknown(found) && found.modular.length > 0;
  return fail('libvirt', error, modular ? startModular(MODULAR_DAEMONS) : startHint(family));
}

function startHint(family: Seen['family']): string {
  return family === 'fedora'
    ? `dnf install libvirt && ${startModular(MODULAR_DAEMONS)}`
    : 'apt-get install libvirt-daemon-system && systemctl enable --now libvirtd.socket';
}

function startModular(names: readonly string[]): string {
  return ['systemctl enable --now', ...names.map((name) => `${name}.socket`)].join(' ');
}

function daemons({ daemons: found, libvirt }: Seen): Check[] {
  if (isUnknown(found)) return [unknown('libvirt daemons', found.unknown)];
  const { monolithic, modular } = found;
  if (monolithic && modular.length > 0) {
    const hint =
      'stop one of them: systemctl disable --now libvirtd.service libvirtd.socket, or the virt*d ones';
    return [warn('libvirt daemons', 'libvirtd and the modular daemons are both active', hint)];
  }
  if (monolithic) return [ok('libvirt daemons', 'libvirtd, which serves all')];
  if (modular.length > 0) return [modularDaemons(modular)];
  return 'version' in libvirt
    ? [unknown('libvirt daemons', 'none is active by systemd, and yet libvirt answers')]
    : [
        fail(
          'libvirt daemons',
          'neither libvirtd nor virtqemud is active',
          'systemctl enable --now libvirtd.socket, or virtqemud.socket and virtnetworkd.socket',
        ),
      ];
}

function modularDaemons(active: DaemonFacts['modular']): Check {
  const missing = MODULAR_DAEMONS.filter((name) => !active.includes(name));
  return missing.length === 0
    ? ok('libvirt daemons', MODULAR_DAEMONS.join(' and '))
    : fail('libvirt daemons', `${missing.join()} is not active`, startModular(missing));
}

/** k8slabd is root; this is about people. */
function group({ root, user, groups }: Seen): Check[] {
  if (root) return [];
  if (isUnknown(groups)) return [unknown('group libvirt', groups.unknown)];
  if (groups.includes('libvirt')) return [ok('group libvirt', `${user} is in it`)];
  return [
    warn(
      'group libvirt',
      `${user} is not in it: virsh -c qemu:///system asks for a password`,
      `usermod -aG libvirt ${user}, and log in anew`,
    ),
  ];
}

import { userInfo } from 'node:os';
import { exec as runCommand, ExecError, type Exec } from '../../drivers/exec.ts';
import { readIfExists } from '../../drivers/files.ts';
import type { Unknown } from './check.ts';
import { MODULAR_DAEMONS, type DaemonFacts, type Facts, type PackageFamily } from './facts.ts';

type System = Pick<
  Facts,
  'root' | 'user' | 'family' | 'daemons' | 'managers' | 'selinux' | 'apparmor' | 'groups'
>;

const DEADLINE_MS = 10_000;

/** Who asks, what the distribution is, and which of its services and guards are active. */
export async function lookAtSystem(exec: Exec = runCommand): Promise<System> {
  const [release, daemons, managers, selinux, apparmor, groups] = await Promise.all([
    readIfExists('/etc/os-release'),
    lookAtDaemons(exec),
    lookAtManagers(exec),
    readIfExists('/sys/fs/selinux/enforce').catch(() => undefined),
    lookAtAppArmor(),
    lookAtGroups(exec),
  ]);
  return {
    root: process.getuid?.() === 0,
    user: userInfo().username,
    family: familyOf(release ?? ''),
    daemons,
    managers,
    groups,
    apparmor,
    selinux: selinux === undefined ? 'off' : selinux.trim() === '1' ? 'enforcing' : 'permissive',
  };
}

/** @param release text of /etc/os-release */
export function familyOf(release: string): PackageFamily {
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, value = '']) =>
    value.split(' '),
  );
  if (ids.includes('debian') || ids.includes('ubuntu')) return 'debian';
  return ids.some((id) => ['fedora', 'rhel', 'centos'].includes(id)) ? 'fedora' : 'other';
}

async function lookAtDaemons(exec: Exec): Promise<DaemonFacts | Unknown> {
  const active = await activeUnits(exec, ['libvirtd', ...MODULAR_DAEMONS].flatMap(unitsOf));
  if (!Array.isArray(active)) return active;
  const isActive = (daemon: string): boolean => unitsOf(daemon).some((unit) => active.includes(unit));
  return { monolithic: isActive('libvirtd'), modular: MODULAR_DAEMONS.filter(isActive) };
}

function unitsOf(daemon: string): string[] {
  return [`${daemon}.service`, `${daemon}.socket`];
}

/** ufw's unit is active even where ufw is disabled. */
async function lookAtManagers(exec: Exec): Promise<Facts['managers']> {
  const active = await activeUnits(exec, ['firewalld.service']);
  if (!Array.isArray(active)) return active;
  const ufw = await readIfExists('/etc/ufw/ufw.conf').catch(() => undefined);
  const enabled = /^ENABLED=yes$/im.test(ufw ?? '');
  return [...(active.length > 0 ? (['firewalld'] as const) : []), ...(enabled ? (['ufw'] as const) : [])];
}

async function activeUnits(exec: Exec, units: readonly string[]): Promise<string[] | Unknown> {
  try {
    const { stdout } = await exec(['systemctl', 'is-active', ...units], {
      deadlineMs: DEADLINE_MS,
      okCodes: [0, 1, 2, 3, 4],
    });
    const states = stdout.trim().split('\n');
    if (states.length !== units.length) return { unknown: 'systemd does not answer' };
    return units.filter((_, index) => states[index] === 'active');
  } catch (error) {
    if (error instanceof ExecError) return { unknown: `systemd cannot be asked: ${error.why}` };
    throw error;
  }
}

async function lookAtAppArmor(): Promise<Facts['apparmor']> {
  const on = await readIfExists('/sys/module/apparmor/parameters/enabled').catch(() => undefined);
  if (on?.trim() !== 'Y') return undefined;
  try {
    const profiles = (await readIfExists('/sys/kernel/security/apparmor/profiles')) ?? '';
    return [...profiles.matchAll(/^(.*) \(enforce\)$/gm)].map(([, name = '']) => name);
  } catch {
    return { unknown: 'AppArmor is on; which profiles it enforces only root may see' };
  }
}

async function lookAtGroups(exec: Exec): Promise<Facts['groups']> {
  try {
    return (await exec(['id', '-nG'], { deadlineMs: DEADLINE_MS })).stdout.trim().split(/\s+/);
  } catch (error) {
    if (error instanceof ExecError) return { unknown: error.message };
    throw error;
  }
}

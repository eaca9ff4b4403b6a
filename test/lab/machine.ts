import { existsSync, readFileSync } from 'node:fs';

import { mustRun, runCommand } from './processes.ts';

/** What the lab needs of the machine: a command and the Debian package that brings it. */
const needs: readonly (readonly [path: string, packageName: string])[] = [
  ['/usr/bin/mmdebstrap', 'mmdebstrap'],
  ['/usr/bin/systemd-nspawn', 'systemd-container'],
  ['/usr/bin/qemu-img', 'qemu-utils'],
  ['/usr/sbin/sfdisk', 'fdisk'],
  ['/usr/sbin/mkfs.ext4', 'e2fsprogs'],
  ['/usr/sbin/mkfs.vfat', 'dosfstools'],
  ['/usr/bin/mcopy', 'mtools'],
  ['/usr/bin/syslinux', 'syslinux'],
  ['/usr/lib/syslinux/mbr/mbr.bin', 'syslinux-common'],
  ['/usr/bin/cpio', 'cpio'],
];

/** Throws, with what to do, where the lab cannot run at all. */
export function assertMachine(): void {
  if (process.getuid?.() !== 0) {
    throw new Error(
      'the lab needs root (it boots a container and makes network namespaces): try again with sudo',
    );
  }
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID(_LIKE)?=.*debian/m.test(release)) {
    throw new Error('the lab runs on Debian 12 or newer (it is built with mmdebstrap and systemd-nspawn)');
  }
  if (process.arch !== 'x64') throw new Error(`the lab's guests are amd64; this machine is ${process.arch}`);
}

/** Installs the Debian packages that lack, and says which. */
export async function installPackages(report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const lacking = needs.filter(([path]) => !existsSync(path)).map(([, name]) => name);
  if (lacking.length === 0) return;
  report(`installing the Debian packages ${lacking.join(' ')}`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    ...(signal === undefined ? {} : { signal }),
  };
  // A mirror that is not ours may be out of order; the installation below tells.
  await runCommand(['apt-get', 'update', '-q'], options);
  const flags = ['-o', 'DPkg::Lock::Timeout=300', '-y', '-q', '--no-install-recommends'];
  await mustRun(['apt-get', 'install', ...flags, ...lacking], options);
}

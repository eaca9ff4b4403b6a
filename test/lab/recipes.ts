import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { ingredient } from './cache.ts';
import type { Recipe } from './cache.ts';
import { mustRun } from './processes.ts';

export const suites = ['bookworm', 'trixie'] as const;
export type Suite = (typeof suites)[number];

export const guests = ['tiny', 'debian'] as const;
export type Guest = (typeof guests)[number];

const here = import.meta.dirname;

const vmhostPackages = [
  ...[
    'systemd-sysv',
    'dbus',
    'libvirt-daemon-system',
    'libvirt-clients',
    'libvirt-l10n',
    'qemu-system-x86',
    'qemu-utils',
  ],
  ...[
    'dnsmasq-base',
    'dnsmasq-utils',
    'iproute2',
    'iptables',
    'nftables',
    'iputils-ping',
    'curl',
    'openssh-client',
    'openssh-server',
    'xorriso',
  ],
  ...['xz-utils', 'zstd', 'ansible-core', 'locales', 'procps', 'ca-certificates', 'python3'],
];

// In a PID namespace of its own, all that a build started is gone with it, whatever ends it.
const sealed = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

// Nobody reads manuals in the lab; Japanese messages stay, since they are what its virsh speaks.
const lean = [
  '--aptopt=Acquire::Languages "none"',
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  '--dpkgopt=path-include=/usr/share/locale/ja/*',
  '--dpkgopt=path-include=/usr/share/locale/locale.alias',
];

/** The vmhost: a Debian tree with systemd, libvirtd, QEMU, dnsmasq and Ansible. */
export function vmhostRecipe(suite: Suite, signal?: AbortSignal): Recipe {
  const argv = [
    '--quiet',
    '--mode=root',
    '--variant=minbase',
    `--include=${vmhostPackages.join(',')}`,
    ...lean,
  ];
  const hook = `--customize-hook='${join(here, 'vmhost/customize.sh')}' "$1"`;
  return {
    name: `vmhost-${suite}`,
    ingredients: [...argv, suite, ingredient(join(here, 'vmhost'))],
    build: async (path, work) => {
      const env = { ...process.env, TMPDIR: work, LC_ALL: 'C.UTF-8' };
      await mustRun([...sealed, 'mmdebstrap', ...argv, hook, suite, path], {
        env,
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
}

/** A guest's disk image: a directory with one file, NAME.qcow2. */
export function guestRecipe(guest: Guest, signal?: AbortSignal): Recipe {
  const parts = [join(here, guest), join(here, 'make-disk.sh')];
  return {
    name: `guest-${guest}`,
    ingredients: parts.map(ingredient),
    build: async (path, work) => {
      const image = join(work, `${guest}.qcow2`);
      const env = { ...process.env, TMPDIR: work, LC_ALL: 'C.UTF-8' };
      const argv = [...sealed, join(here, guest, 'build.sh'), image, work];
      await mustRun(argv, { env, ...(signal === undefined ? {} : { signal }) });
      mkdirSync(path);
      renameSync(image, join(path, `${guest}.qcow2`));
    },
  };
}

import { packagesOf, type KnownProgram } from '../../src/api/programs.ts';

/** A program that k8slab starts. */
export interface Program {
  readonly name: string;
  /** Programs of which one is enough, the first is preferred; left out: of the essential packages, or there whenever it is called. */
  readonly needs?: readonly KnownProgram[];
  /** Without `optional` nothing works that matters; with it, what k8slab does without it. */
  readonly optional?: string;
}

const SEED_MAKERS = ['xorriso', 'genisoimage'] as const;

/** Every program that src/drivers and cmd start on the vmhost; a test holds this list to them. */
export const PROGRAMS: readonly Program[] = [
  { name: 'virsh', needs: ['virsh'] },
  { name: 'qemu-img', needs: ['qemu-img'] },
  { name: 'xorriso', needs: SEED_MAKERS },
  { name: 'genisoimage', needs: SEED_MAKERS },
  { name: 'ip', needs: ['ip'] },
  { name: 'bridge', needs: ['bridge'] },
  { name: 'nft', needs: ['nft'] },
  {
    name: 'iptables',
    needs: ['iptables'],
    optional: 'nothing is said of what the firewall keeps guests from',
  },
  { name: 'xz', needs: ['xz'], optional: 'images that are compressed with it are refused' },
  { name: 'zstd', needs: ['zstd'], optional: 'images that are compressed with it are refused' },
  { name: 'openssl', needs: ['openssl'], optional: 'the API is not served on HTTPS' },
  { name: 'ssh-add', needs: ['ssh-add'], optional: 'init offers no key of an agent' },
  // Essential.
  { name: 'prlimit' },
  { name: 'chcon' },
  // systemd alone asks for it.
  { name: 'systemd-notify' },
];

/** What the bundled Node is linked against (node-linux-*: built on glibc 2.28, with the C++ library of GCC 12). */
const RUNTIME = ['libc6 (>= 2.28)', 'libstdc++6 (>= 12)', 'libgcc-s1'];
/** addgroup, for the group k8slab. */
const MAINTAINER_SCRIPTS = ['adduser', 'init-system-helpers (>= 1.52)'];
/** Started by nobody here: the libvirt that is talked to may be elsewhere, or in another shape. */
const AROUND = ['libvirt-daemon-system', 'openssh-client'];

export function depends(): string[] {
  return [...RUNTIME, ...MAINTAINER_SCRIPTS, ...packages(({ optional }) => optional === undefined)];
}

export function recommends(): string[] {
  return [...AROUND, ...packages(({ optional }) => optional !== undefined)];
}

function packages(accept: (program: Program) => boolean): string[] {
  const needs = PROGRAMS.filter(accept).flatMap((program) =>
    program.needs === undefined ? [] : [program.needs],
  );
  return [...new Set(needs.map((any) => any.map((name) => packagesOf(name).debian).join(' | ')))];
}

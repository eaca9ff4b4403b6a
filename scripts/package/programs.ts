/** A program that k8slab starts, and the Debian packages that bring it. */
export interface Program {
  readonly name: string;
  /** Alternatives, the first is preferred; empty: of the essential packages, or there whenever it is called. */
  readonly packages: readonly string[];
  /** Without `optional` nothing works that matters; with it, what k8slab does without it. */
  readonly optional?: string;
}

/** Every program that src/drivers and cmd start on the vmhost; a test holds this list to them. */
export const PROGRAMS: readonly Program[] = [
  { name: 'virsh', packages: ['libvirt-clients'] },
  { name: 'qemu-img', packages: ['qemu-utils'] },
  { name: 'xorriso', packages: ['xorriso', 'genisoimage'] },
  { name: 'genisoimage', packages: ['xorriso', 'genisoimage'] },
  { name: 'ip', packages: ['iproute2'] },
  { name: 'nft', packages: ['nftables'] },
  {
    name: 'iptables',
    packages: ['iptables'],
    optional: 'nothing is said of what the firewall keeps guests from',
  },
  { name: 'xz', packages: ['xz-utils'], optional: 'images that are compressed with it are refused' },
  { name: 'zstd', packages: ['zstd'], optional: 'images that are compressed with it are refused' },
  { name: 'openssl', packages: ['openssl'], optional: 'the API is not served on HTTPS' },
  { name: 'ssh-add', packages: ['openssh-client'], optional: 'init offers no key of an agent' },
  // Essential.
  { name: 'prlimit', packages: [] },
  { name: 'chcon', packages: [] },
  // systemd alone asks for it.
  { name: 'systemd-notify', packages: [] },
];

/** What the bundled Node is linked against (node-linux-*: built on glibc 2.28, with the C++ library of GCC 12). */
const RUNTIME = ['libc6 (>= 2.28)', 'libstdc++6 (>= 12)', 'libgcc-s1'];
/** addgroup, for the group k8slab. */
const MAINTAINER_SCRIPTS = ['adduser', 'init-system-helpers (>= 1.52)'];
/** Started by nobody here: the libvirt that is talked to may be elsewhere, or in another shape. */
const AROUND = ['libvirt-daemon-system', 'openssh-client'];

export function depends(): string[] {
  return [...RUNTIME, ...MAINTAINER_SCRIPTS, ...packagesOf(({ optional }) => optional === undefined)];
}

export function recommends(): string[] {
  return [...AROUND, ...packagesOf(({ optional }) => optional !== undefined)];
}

function packagesOf(accept: (program: Program) => boolean): string[] {
  const wanted = PROGRAMS.filter((program) => accept(program) && program.packages.length > 0);
  return [...new Set(wanted.map(({ packages }) => packages.join(' | ')))];
}

/** The packages of the distributions that bring a program. */
export interface Packages {
  readonly debian: string;
  readonly fedora: string;
}

/** Of each program that k8slab, libvirt and those who use them start on a vmhost. */
const PACKAGES = {
  bridge: { debian: 'iproute2', fedora: 'iproute' },
  dnsmasq: { debian: 'dnsmasq-base', fedora: 'dnsmasq' },
  genisoimage: { debian: 'genisoimage', fedora: 'genisoimage' },
  getent: { debian: 'libc-bin', fedora: 'glibc-common' },
  ip: { debian: 'iproute2', fedora: 'iproute' },
  iptables: { debian: 'iptables', fedora: 'iptables-nft' },
  nft: { debian: 'nftables', fedora: 'nftables' },
  openssl: { debian: 'openssl', fedora: 'openssl' },
  prlimit: { debian: 'util-linux', fedora: 'util-linux-core' },
  'qemu-img': { debian: 'qemu-utils', fedora: 'qemu-img' },
  'qemu-system-x86_64': { debian: 'qemu-system-x86', fedora: 'qemu-kvm' },
  ssh: { debian: 'openssh-client', fedora: 'openssh-clients' },
  'ssh-add': { debian: 'openssh-client', fedora: 'openssh-clients' },
  'systemd-notify': { debian: 'systemd', fedora: 'systemd' },
  virsh: { debian: 'libvirt-clients', fedora: 'libvirt-client' },
  xorriso: { debian: 'xorriso', fedora: 'xorriso' },
  xz: { debian: 'xz-utils', fedora: 'xz' },
  zstd: { debian: 'zstd', fedora: 'zstd' },
} as const satisfies Readonly<Record<string, Packages>>;

export type KnownProgram = keyof typeof PACKAGES;

export function packagesOf(program: KnownProgram): Packages {
  return PACKAGES[program];
}

/** What to do where a program is missing. */
export function installHint(program: string): string {
  if (!Object.hasOwn(PACKAGES, program)) return `install ${program}`;
  return `install the Debian package ${PACKAGES[program as KnownProgram].debian}`;
}

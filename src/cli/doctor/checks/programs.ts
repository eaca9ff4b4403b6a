import type { Program } from '../../../drivers/vmhost/programs.ts';
import { fail, ok, warn, type Check } from '../check.ts';
import type { Facts, PackageFamily } from '../facts.ts';

interface Needed {
  /** Names that it may have, the usual one first. */
  readonly names: readonly string[];
  readonly version: readonly string[];
  readonly debian: string;
  readonly fedora: string;
  readonly what: string;
  /** Only with images of this ending. */
  readonly packing?: RegExp;
}

const VERSION = ['--version'];

/** What k8slab, libvirt and cloud images need. */
export const NEEDED: readonly Needed[] = [
  {
    names: ['virsh'],
    version: VERSION,
    debian: 'libvirt-clients',
    fedora: 'libvirt-client',
    what: 'k8slab talks to libvirt by it',
  },
  {
    names: ['qemu-system-x86_64', 'qemu-kvm', 'qemu-system-aarch64'],
    version: VERSION,
    debian: 'qemu-system-x86',
    fedora: 'qemu-kvm',
    what: 'it runs the guests',
  },
  { names: ['qemu-img'], version: VERSION, debian: 'qemu-utils', fedora: 'qemu-img', what: 'it makes disks' },
  {
    names: ['xorriso', 'genisoimage'],
    version: ['-version'],
    debian: 'xorriso',
    fedora: 'xorriso',
    what: 'it makes the seeds of cloud-init',
  },
  {
    names: ['dnsmasq'],
    version: VERSION,
    debian: 'dnsmasq-base',
    fedora: 'dnsmasq',
    what: 'libvirt serves DHCP and DNS by it',
  },
  {
    names: ['ip'],
    version: ['-V'],
    debian: 'iproute2',
    fedora: 'iproute',
    what: 'guests are kept on their bridge by it',
  },
  {
    names: ['nft'],
    version: VERSION,
    debian: 'nftables',
    fedora: 'nftables',
    what: 'guests of a network that restarts are told by it',
  },
  {
    names: ['iptables'],
    version: VERSION,
    debian: 'iptables',
    fedora: 'iptables-nft',
    what: "libvirt's networks forward by it",
  },
  {
    names: ['ssh'],
    version: ['-V'],
    debian: 'openssh-client',
    fedora: 'openssh-clients',
    what: 'you reach the guests by it',
  },
  {
    names: ['prlimit'],
    version: VERSION,
    debian: 'util-linux',
    fedora: 'util-linux-core',
    what: 'unpacking is limited by it',
  },
  {
    names: ['xz'],
    version: VERSION,
    debian: 'xz-utils',
    fedora: 'xz',
    what: 'it unpacks images',
    packing: /\.xz$/,
  },
  {
    names: ['zstd'],
    version: VERSION,
    debian: 'zstd',
    fedora: 'zstd',
    what: 'it unpacks images',
    packing: /\.zstd?$/,
  },
];

/** A line for each program. One that only packed images need is not missed where there are none. */
export function checkPrograms({
  programs,
  family,
  demand,
}: Pick<Facts, 'programs' | 'family' | 'demand'>): Check[] {
  return NEEDED.map((needed) => {
    const { names, what, packing } = needed;
    const [name = ''] = names;
    const found = programs.get(name);
    if (found !== undefined) return ok(name, describe(found));
    const hint = install(family, needed);
    if (packing === undefined) return fail(name, `there is none, and ${what}`, hint);
    const image = demand.images.find(({ source }) => packing.test(source));
    if (image === undefined) return warn(name, `there is none, and ${what} of that sort`, hint);
    return fail(name, `there is none, and image ${image.name} needs it`, hint);
  });
}

function describe({ path, version }: Program): string {
  return version === undefined ? path : `${version}, ${path}`;
}

/** The command that installs a package. */
export function install(
  family: PackageFamily,
  { debian, fedora }: Pick<Needed, 'debian' | 'fedora'>,
): string {
  if (family === 'debian') return `apt-get install ${debian}`;
  if (family === 'fedora') return `dnf install ${fedora}`;
  return `install it (Debian: ${debian}, Fedora: ${fedora})`;
}

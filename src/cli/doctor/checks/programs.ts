import { packagesOf, type KnownProgram, type Packages } from '../../../api/programs.ts';
import type { Program } from '../../../drivers/vmhost/programs.ts';
import { fail, ok, warn, type Check } from '../check.ts';
import type { Facts, PackageFamily } from '../facts.ts';

interface Needed {
  /** Names that it may have, the usual one first. */
  readonly names: readonly [KnownProgram, ...string[]];
  readonly version: readonly string[];
  readonly what: string;
  /** Only with images of this ending. */
  readonly packing?: RegExp;
}

const VERSION = ['--version'];

/** What k8slab, libvirt and cloud images need. */
export const NEEDED: readonly Needed[] = [
  { names: ['virsh'], version: VERSION, what: 'k8slab talks to libvirt by it' },
  {
    names: ['qemu-system-x86_64', 'qemu-kvm', 'qemu-system-aarch64'],
    version: VERSION,
    what: 'it runs the guests',
  },
  { names: ['qemu-img'], version: VERSION, what: 'it makes disks' },
  { names: ['xorriso', 'genisoimage'], version: ['-version'], what: 'it makes the seeds of cloud-init' },
  { names: ['dnsmasq'], version: VERSION, what: 'libvirt serves DHCP and DNS by it' },
  { names: ['ip'], version: ['-V'], what: 'guests are kept on their bridge by it' },
  { names: ['nft'], version: VERSION, what: 'guests of a network that restarts are told by it' },
  { names: ['iptables'], version: VERSION, what: "libvirt's networks forward by it" },
  { names: ['ssh'], version: ['-V'], what: 'you reach the guests by it' },
  { names: ['prlimit'], version: VERSION, what: 'unpacking is limited by it' },
  { names: ['xz'], version: VERSION, what: 'it unpacks images', packing: /\.xz$/ },
  { names: ['zstd'], version: VERSION, what: 'it unpacks images', packing: /\.zstd?$/ },
];

/** A line for each program. One that only packed images need is not missed where there are none. */
export function checkPrograms({
  programs,
  family,
  demand,
}: Pick<Facts, 'programs' | 'family' | 'demand'>): Check[] {
  return NEEDED.map((needed) => {
    const { names, what, packing } = needed;
    const [name] = names;
    const found = programs.get(name);
    if (found !== undefined) return ok(name, describe(found));
    const hint = install(family, packagesOf(name));
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
export function install(family: PackageFamily, { debian, fedora }: Packages): string {
  if (family === 'debian') return `apt-get install ${debian}`;
  if (family === 'fedora') return `dnf install ${fedora}`;
  return `install it (Debian: ${debian}, Fedora: ${fedora})`;
}

import { ReasonedError } from '../../api/errors.ts';
import { nearest } from '../../api/nearest.ts';

/** A cloud image that its distribution keeps at one address, with a file that lists its checksum. */
export interface CatalogueImage {
  /** As it is asked for: `debian-13`. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly checksums: string;
  /** Whether another file is put at this address now and then. */
  readonly moves: boolean;
  /** GiB that the image's own disk has at least. */
  readonly diskGib: number;
  /** MiB without which its package manager or a kubelet runs out of memory. */
  readonly memoryMib: number;
  /** Whether its programs need x86-64-v3. */
  readonly v3: boolean;
}

const DEBIAN = 'https://cloud.debian.org/images/cloud';
const UBUNTU = 'https://cloud-images.ubuntu.com/releases';
const FEDORA = 'https://download.fedoraproject.org/pub/fedora/linux/releases';
const CENTOS = 'https://cloud.centos.org/centos';
const ROCKY = 'https://dl.rockylinux.org/pub/rocky';

/** For x86_64. The newest stable release of each is the last of its kind. */
export const CATALOGUE: readonly CatalogueImage[] = [
  debian('12', 'bookworm'),
  debian('13', 'trixie'),
  ubuntu('24.04', 'noble'),
  ubuntu('26.04', 'resolute'),
  fedora('44', '1.7'),
  centos('9'),
  centos('10'),
  rocky('9'),
  rocky('10'),
];

export const DEFAULT_IMAGE = 'debian-13';

/** @throws ReasonedError UnknownImage */
export function findImage(id: string): CatalogueImage {
  const found = CATALOGUE.find((image) => image.id === id);
  if (found !== undefined) return found;
  const ids = CATALOGUE.map((image) => image.id);
  const near = nearest(id, ids);
  const hint = near === undefined ? `one of ${ids.join(', ')}` : `did you mean "${near}"?`;
  throw new ReasonedError('UnknownImage', `cannot choose image "${id}": it is not in the catalogue`, {
    hint,
  });
}

function debian(release: string, name: string): CatalogueImage {
  const directory = `${DEBIAN}/${name}/latest`;
  return {
    id: `debian-${release}`,
    title: `Debian ${release} (${name})`,
    source: `${directory}/debian-${release}-genericcloud-amd64.qcow2`,
    checksums: `${directory}/SHA512SUMS`,
    moves: true,
    diskGib: 3,
    memoryMib: 512,
    v3: false,
  };
}

function ubuntu(release: string, name: string): CatalogueImage {
  const directory = `${UBUNTU}/${name}/release`;
  return {
    id: `ubuntu-${release}`,
    title: `Ubuntu ${release} LTS`,
    source: `${directory}/ubuntu-${release}-server-cloudimg-amd64.img`,
    checksums: `${directory}/SHA256SUMS`,
    moves: true,
    diskGib: 4,
    memoryMib: 1024,
    v3: false,
  };
}

function fedora(release: string, compose: string): CatalogueImage {
  const directory = `${FEDORA}/${release}/Cloud/x86_64/images`;
  return {
    id: `fedora-${release}`,
    title: `Fedora Cloud ${release}`,
    source: `${directory}/Fedora-Cloud-Base-Generic-${release}-${compose}.x86_64.qcow2`,
    checksums: `${directory}/Fedora-Cloud-${release}-${compose}-x86_64-CHECKSUM`,
    moves: false,
    diskGib: 5,
    memoryMib: 1536,
    v3: false,
  };
}

function centos(release: string): CatalogueImage {
  const source = `${CENTOS}/${release}-stream/x86_64/images/CentOS-Stream-GenericCloud-${release}-latest.x86_64.qcow2`;
  return enterprise(`centos-stream-${release}`, `CentOS Stream ${release}`, source, 'SHA256SUM');
}

function rocky(release: string): CatalogueImage {
  const source = `${ROCKY}/${release}/images/x86_64/Rocky-${release}-GenericCloud-Base.latest.x86_64.qcow2`;
  return enterprise(`rocky-${release}`, `Rocky Linux ${release}`, source, 'CHECKSUM');
}

function enterprise(id: string, title: string, source: string, list: string): CatalogueImage {
  const checksums = `${source}.${list}`;
  return { id, title, source, checksums, moves: true, diskGib: 10, memoryMib: 1536, v3: id.endsWith('-10') };
}

const V3 = ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe'];

/** Whether a CPU runs what was built for x86-64-v3. @param cpuFlags as /proc/cpuinfo has them */
export function isV3({ cpuFlags }: { readonly cpuFlags: readonly string[] }): boolean {
  return V3.every((flag) => cpuFlags.includes(flag));
}

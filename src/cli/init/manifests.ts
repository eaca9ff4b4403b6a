import type { AdoptedFile } from '../../api/adopt/manifests.ts';
import { formatBytes } from '../../api/quantity.ts';
import { API_VERSION } from '../../api/meta.ts';
import type { CatalogueImage } from './catalogue.ts';
import type { Sizes } from './sizes.ts';

/** All that the first manifests say. */
export interface Choices {
  readonly image: CatalogueImage;
  /** `sha256:…` or `sha512:…`, where it could be asked for. */
  readonly checksum?: string;
  readonly masters: number;
  readonly workers: number;
  readonly loadBalancer: boolean;
  readonly network: string;
  readonly podRange: string;
  readonly domain: string;
  /** Left out: whichever interface the route takes. */
  readonly uplink?: string;
  readonly authorizedKeys: readonly string[];
  readonly sizes: Sizes;
}

export const NETWORK_NAME = 'k8s-lab';
const DISK_GIB = 20;
const MIB = 1024 ** 2;

/** The files of a first lab, in the order in which a person reads them. */
export function firstManifests(choices: Choices): readonly AdoptedFile[] {
  const { masters, workers, loadBalancer } = choices;
  return [
    { name: `${imageName(choices.image)}.yaml`, text: imageManifest(choices) },
    { name: `network.yaml`, text: networkManifest(choices) },
    ...names('master', masters).map((name) => ({
      name: `${name}.yaml`,
      text: nodeManifest(name, 'master', choices),
    })),
    ...names('worker', workers).map((name) => ({
      name: `${name}.yaml`,
      text: nodeManifest(name, 'worker', choices),
    })),
    ...(loadBalancer
      ? [
          { name: 'loadbalancer.yaml', text: nodeManifest('loadbalancer', 'lb', choices) },
          { name: 'haproxy.yaml', text: HAPROXY },
        ]
      : []),
  ];
}

/** `master00`, `master01`, … */
function names(role: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${role}${String(index).padStart(2, '0')}`);
}

/** Names of objects have no dots. */
export function imageName({ id }: Pick<CatalogueImage, 'id'>): string {
  return id.replaceAll('.', '-');
}

function head(kind: string, name: string): string {
  return `apiVersion: ${API_VERSION}\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec:\n`;
}

function imageManifest({ image, checksum }: Choices): string {
  const { title, source, checksums, moves } = image;
  const moved = moves
    ? `# Its distribution puts newer files there now and then, and then this one is refused with ChecksumMismatch: take the new sum from the
# list. What was fetched before stays as it is.
`
    : '';
  const why =
    checksum === undefined
      ? '# The sum is looked up in this list when the image is fetched; put sha256:… or sha512:… here to name one content for ever.\n'
      : `# The sum is that of ${checksums} of today.\n${moved}`;
  return `# ${title}\n${why}${head('Image', imageName(image))}  source: ${source}\n  checksum: ${checksum ?? checksums}\n`;
}

function networkManifest({ network, podRange, domain, uplink }: Choices): string {
  const forward =
    uplink === undefined
      ? '  forward: { mode: nat } # add dev: NAME to forward through one interface only\n'
      : `  forward: { mode: nat, dev: ${uplink} }\n`;
  return `# The lab's network, behind NAT: DHCP, and DNS for the names of its Nodes below ${domain}.
${head('Network', NETWORK_NAME)}  domain: ${domain}
  cidr: ${network}
${forward}  podCIDR: { cidr: ${podRange}, nodeMaskSize: 24 } # of which each worker gets a part
`;
}

function nodeManifest(name: string, role: string, choices: Choices): string {
  const { image, sizes, authorizedKeys } = choices;
  const mib = role === 'lb' ? sizes.loadBalancerMib : sizes.nodeMib;
  const keys =
    authorizedKeys.length === 0
      ? '  # ssh: { authorizedKeys: [ssh-ed25519 AAAA… me] } # beside the key of k8slabd, by which root of the vmhost logs in\n'
      : `  ssh:\n    authorizedKeys:\n${authorizedKeys.map((key) => `      - ${JSON.stringify(key)}\n`).join('')}`;
  return `${head('Node', name)}  role: ${role}
  cpus: ${role === 'lb' ? 1 : sizes.cpus}
  memory: ${formatBytes(mib * MIB)}
  disk: { size: ${Math.max(DISK_GIB, image.diskGib)}Gi, image: ${imageName(image)} } # takes what the guest writes, not all of it at once
  networks:
    - { network: ${NETWORK_NAME} } # its address is chosen once and kept; or say address: and mac:
${keys}`;
}

const HAPROXY = `# The API servers of all masters behind one address; servers follow the Nodes of role master. For a page of statistics add
# stats: { port: 9000, user: admin, passwordFile: /etc/k8slab/secrets/haproxy-stats } and write the password into that file.
${head('LoadBalancer', 'api')}  node: loadbalancer
  frontends:
    - { name: kube-apiserver, port: 6443, mode: tcp, balance: source, backend: { role: master, port: 6443 } }
`;

import type { PendingType } from '../conditions.ts';
import type { Kind } from '../meta.ts';

export interface ConditionRow {
  readonly kinds: readonly Kind[];
  /** Its status where all is well; `absent`: it is there only while something is not. */
  readonly well: 'True' | 'absent';
  readonly meaning: string;
}

const ALL: readonly Kind[] = ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer'];
const MADE: readonly Kind[] = ['Network', 'Image', 'Node', 'LoadBalancer'];
const NODE = { kinds: ['Node'], well: 'True' } as const;
const NETWORK = { kinds: ['Network'], well: 'True' } as const;
const ODD_NETWORK = { kinds: ['Network'], well: 'absent' } as const;
const LOAD_BALANCER = { kinds: ['LoadBalancer'], well: 'True' } as const;
const VMHOST = { kinds: ['Vmhost'], well: 'True' } as const;
const ODD_NODE = { kinds: ['Node'], well: 'absent' } as const;

const PENDING = {
  RestartRequired: {
    kinds: ['Node', 'Network'],
    well: 'absent',
    meaning: 'A change takes effect at the next restart; the message ends with what brings it about',
  },
  Drifted: {
    kinds: ['Node', 'Network', 'LoadBalancer'],
    well: 'absent',
    meaning:
      'It was changed behind its manifest, and policy.drift is Report; or its first disk is another one, which is never undone',
  },
  FieldRefused: { ...ODD_NODE, meaning: "A field contradicts a part of the definition that is not k8slab's" },
  CloudInitDrifted: {
    ...ODD_NODE,
    meaning: 'cloud-init ran with other settings at the first boot; new ones hold for a guest made anew',
  },
  DiskMissing: {
    ...ODD_NODE,
    meaning: 'The file of its disk is not there; a running guest still has it open',
  },
  DiskSourceDiffers: {
    ...ODD_NODE,
    meaning: 'Its disk was made from another image or Node than the manifest names',
  },
  DiskShrinkRefused: {
    ...ODD_NODE,
    meaning: 'The manifest asks for a smaller disk, which could cut data off',
  },
  DiskGrowthRefused: {
    ...ODD_NODE,
    meaning: 'The disk cannot grow, since the guest writes to a snapshot of it',
  },
  FieldsIgnored: {
    kinds: MADE,
    well: 'absent',
    meaning:
      'An API server has fields of it that only a newer k8slabd knows: this one goes by the others. Upgrade k8slab on this vmhost',
  },
} as const satisfies Record<PendingType, ConditionRow>;

/** Every type of condition, with what it means. */
export const CONDITIONS: Readonly<Record<string, ConditionRow>> = {
  Ready: {
    kinds: ALL,
    well: 'True',
    meaning: 'It works. Unknown: nobody has looked, or libvirt does not answer',
  },
  Synced: { kinds: ALL, well: 'True', meaning: 'The last pass over it succeeded' },
  RemovalHeld: {
    kinds: MADE,
    well: 'absent',
    meaning: 'It has no manifest any more, and somebody has to confirm that it shall go',
  },
  ManifestInvalid: {
    kinds: MADE,
    well: 'absent',
    meaning: 'The text of its manifest has errors: what stands is an older one',
  },
  ...PENDING,
  Scheduled: {
    ...NODE,
    meaning:
      'It is bound to a vmhost; the message of False says of each why not. Only where vmhosts share a lab by an API server',
  },
  Defined: { kinds: ['Node', 'Network'], well: 'True', meaning: 'libvirt has a definition of it' },
  Running: { ...NODE, meaning: 'The guest runs' },
  AddressBound: { ...NODE, meaning: 'The guest uses the address that is reserved for it' },
  NameResolved: { ...NODE, meaning: "The network's DNS knows its name and its address, both ways" },
  SSHReachable: { ...NODE, meaning: 'The guest answers ssh with its host key and lets k8slab in' },
  CloudInitDone: { ...NODE, meaning: 'cloud-init came to its end without an error' },
  AddressAgreed: {
    ...NODE,
    meaning:
      'Reservation, lease, DNS, /etc/hosts and ssh say the same of its address; the message names the first that does not',
  },
  Active: { ...NETWORK, meaning: 'The network runs' },
  EntriesLive: { ...NETWORK, meaning: 'Its running dnsmasq knows all reservations and names' },
  GuestsAttached: { ...NETWORK, meaning: 'All its guests are plugged into its bridge' },
  DnsmasqRunning: { ...NETWORK, meaning: 'DHCP and DNS are served' },
  OverlayReady: {
    ...NETWORK,
    meaning:
      'Guests reach those of other vmhosts, as far as is known here; Ready does not depend on it. Only with spec.overlay',
  },
  Forwarding: { ...NETWORK, meaning: 'Guests reach the outside, as far as the firewall tells' },
  BridgeNetfilter: {
    ...ODD_NETWORK,
    meaning: 'The firewall sees frames between guests, so its updates cost packets',
  },
  ResolverLoop: { ...ODD_NETWORK, meaning: "Its dnsmasq asks the vmhost's resolvers, which ask dnsmasq" },
  DuplicateEntries: {
    ...ODD_NETWORK,
    meaning: 'Two reservations have one address or one MAC: dnsmasq drops one',
  },
  ClaimsRefused: { ...ODD_NETWORK, meaning: 'Nodes ask for addresses or names that others have' },
  RecordsRefused: { ...ODD_NETWORK, meaning: 'dns.records have names that others have' },
  NetworksUnknown: {
    ...ODD_NETWORK,
    meaning: 'A network of others cannot be read, so nothing is claimed beside it',
  },
  NodesContradict: {
    ...ODD_NETWORK,
    meaning: 'Its new CIDR does not have the addresses that its Nodes name',
  },
  RestartFailed: { ...ODD_NETWORK, meaning: 'It did not start with its new definition; the one before runs' },
  Installed: { ...LOAD_BALANCER, meaning: 'The Node has HAProxy' },
  Configured: { ...LOAD_BALANCER, meaning: 'HAProxy has the configuration that the manifest asks for' },
  Serving: { ...LOAD_BALANCER, meaning: 'HAProxy runs and listens' },
  ServersUp: { ...LOAD_BALANCER, meaning: 'All servers are up; Ready does not depend on it' },
  HostKeyMismatch: {
    kinds: ['LoadBalancer'],
    well: 'absent',
    meaning: 'Its guest shows another host key than it was given',
  },
  LibvirtReachable: { ...VMHOST, meaning: 'libvirt answers' },
  FilesWritten: { ...VMHOST, meaning: 'The files of the vmhost that name guests say what the Nodes are' },
  RemovalsHeld: {
    kinds: ['Vmhost'],
    well: 'absent',
    meaning: 'Objects without manifests wait to be confirmed',
  },
  ManifestsInvalid: {
    kinds: ['Vmhost'],
    well: 'absent',
    meaning: 'Manifests have errors; the message names them',
  },
  ManifestsUnread: {
    kinds: ['Vmhost'],
    well: 'absent',
    meaning: 'The manifests cannot be read: what stood before counts',
  },
};

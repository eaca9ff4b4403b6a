import { z } from 'zod';
import {
  dnsName,
  driftPolicy,
  form,
  interfaceName,
  ipv4,
  ipv4Cidr,
  ipv4Range,
  macAddress,
  port,
} from '../kinds/fields.ts';
import { VNI_MAX } from '../ipam/names.ts';

const forward = z
  .strictObject({
    mode: z.enum(['nat', 'route', 'open', 'isolated']).default('nat').meta({
      description: 'How guests reach the outside; isolated keeps them among themselves and the vmhost.',
    }),
    dev: interfaceName.optional().meta({ description: 'Only forward through this interface of the vmhost.' }),
    natPorts: z
      .strictObject({
        start: port.meta({ description: 'First source port.' }),
        end: port.meta({ description: 'Last source port.' }),
      })
      .optional()
      .meta({ description: 'Source ports that NAT uses; libvirt takes 1024-65535 when left out.' }),
  })
  .prefault({})
  .meta({ description: 'How traffic leaves the network.' });

const bridge = z
  .strictObject({
    name: interfaceName.optional().meta({
      description: 'Name of the bridge; derived from the name of the network when left out.',
      examples: ['virbr1'],
    }),
    mac: macAddress.optional().meta({
      description:
        'MAC address of the bridge; libvirt makes one when left out, and with an overlay it is derived from the name of the network.',
    }),
    stp: z.boolean().default(true).meta({ description: 'Spanning tree protocol on the bridge.' }),
    delaySeconds: z.int().min(0).max(30).default(0).meta({ description: 'Forward delay of the bridge.' }),
  })
  .prefault({})
  .meta({ description: 'The Linux bridge under the network.' });

export const leaseTime = z.int().min(120).max(31_536_000);

const dhcp = z
  .strictObject({
    start: ipv4
      .optional()
      .meta({ description: 'First address handed out; the first free host when left out.' }),
    end: ipv4
      .optional()
      .meta({ description: 'Last address handed out; the last host of the same /16 when left out.' }),
    exclude: z
      .array(ipv4Range)
      .max(256)
      .optional()
      .meta({
        description:
          'Addresses that stay free, such as virtual ones: no Node gets one unless its manifest names it, and dnsmasq hands none out.',
        examples: [['192.168.111.200', '192.168.111.240-192.168.111.254']],
      }),
    leaseSeconds: leaseTime
      .optional()
      .meta({ description: 'Lease time; libvirt takes one hour when left out.' }),
  })
  .prefault({})
  .meta({ description: 'DHCP on the network. Nodes have reservations, others get addresses of the range.' });

const dnsRecord = z.strictObject({
  address: ipv4.meta({ description: 'Address that the names stand for.' }),
  hostnames: z
    .array(dnsName)
    .min(1)
    .max(16)
    .meta({ description: "Names; one without a dot gets the network's domain." }),
});

/** dnsmasq reads no more of a line. */
const DNSMASQ_LINE_MAX = 1025;
export const dnsmasqOption = form(
  /^[a-z0-9-]+(=[^\n]*)?$/,
  'must be a dnsmasq option such as cache-size=1000',
  DNSMASQ_LINE_MAX,
);

const dns = z
  .strictObject({
    localOnly: z.boolean().default(true).meta({
      description: 'Names of the domain are answered here and never forwarded.',
    }),
    forwarders: z
      .array(ipv4)
      .max(64)
      .default([])
      .meta({ description: 'Resolvers for all other names; those of the vmhost when left out.' }),
    records: z
      .array(dnsRecord)
      .max(256)
      .default([])
      .meta({ description: 'Names beside those of the Nodes.' }),
    dnsmasqOptions: z
      .array(dnsmasqOption)
      .max(1024)
      .default([])
      .meta({ description: "Lines for dnsmasq's configuration, taken as they are." }),
  })
  .prefault({})
  .meta({ description: 'DNS that dnsmasq serves on the network.' });

const podCIDR = z
  .strictObject({
    cidr: ipv4Cidr.meta({ description: 'Range that the pod networks of the workers are cut from.' }),
    nodeMaskSize: z.int().min(8).max(30).default(24).meta({ description: 'Prefix length of one worker.' }),
  })
  .meta({ description: 'Pod networks of the workers.' });

const policy = z
  .strictObject({
    restart: z.enum(['Never', 'ReattachGuests', 'RestartGuests']).default('ReattachGuests').meta({
      description: 'What a change may do that libvirt cannot make on a running network.',
    }),
    drift: driftPolicy,
    adopt: z
      .boolean()
      .default(false)
      .meta({ description: 'Take over a network of this name that k8slab did not make.' }),
  })
  .prefault({})
  .meta({ description: 'What k8slab may do on its own.' });

const overlay = z
  .strictObject({
    vni: z.int().min(1).max(VNI_MAX).optional().meta({
      description:
        'VXLAN network identifier, the same on all vmhosts; derived from the name of the network when left out.',
    }),
    port: port.default(4789).meta({ description: 'UDP port of VXLAN on all vmhosts.' }),
  })
  .meta({
    description:
      "One network over several vmhosts, by VXLAN: the same addresses and names everywhere, and every vmhost's own gateway, DHCP and DNS.",
  });

export const MTU_MAX = 9216;
export const mtu = z.int().min(576).max(MTU_MAX);

export const networkSpec = z.strictObject({
  domain: dnsName.optional().meta({
    description: 'DNS domain of the network; the full names of its Nodes end in it.',
    examples: ['k8s-thw.local'],
  }),
  cidr: ipv4Cidr.meta({ description: 'Addresses of the network.', examples: ['192.168.111.0/24'] }),
  gateway: ipv4
    .optional()
    .meta({ description: 'Address of the vmhost on the network; the first host when left out.' }),
  forward,
  bridge,
  mtu: mtu.optional().meta({
    description: 'MTU of the bridge and the guests; 1450 when left out of a network with an overlay.',
  }),
  overlay: overlay.optional(),
  dhcp,
  dns,
  podCIDR: podCIDR.optional(),
  autostart: z.boolean().default(true).meta({ description: 'Start the network when libvirtd starts.' }),
  policy,
});

export type NetworkSpec = z.output<typeof networkSpec>;

import { z } from 'zod';
import {
  absolutePath,
  byteQuantity,
  dnsName,
  driftPolicy,
  form,
  ipv4,
  ipv4Cidr,
  labelMap,
  listMapOf,
  macAddress,
  objectName,
  role,
} from '../kinds/fields.ts';

const disk = z
  .strictObject({
    size: byteQuantity
      .optional()
      .meta({ description: 'Size of the disk; that of its source when left out.' }),
    image: objectName.optional().meta({ description: 'Image the disk starts from, as an overlay.' }),
    cloneOf: objectName.optional().meta({
      description: 'Node whose disk is copied once; machine-id and host keys are made anew.',
    }),
    path: absolutePath.optional().meta({
      description: 'Existing disk file, used where it is and never deleted.',
      examples: ['/srv/disks/master00.qcow2'],
    }),
    format: z.enum(['qcow2', 'raw']).optional().meta({
      description:
        'Format of the file at path; as it looks at first when left out, unless it then stands on another file.',
    }),
  })
  .meta({
    description: 'The first disk; exactly one of image, cloneOf and path says where it comes from.',
    oneOf: [{ required: ['image'] }, { required: ['cloneOf'] }, { required: ['path'] }],
  });

const attachment = z.strictObject({
  network: objectName.meta({ description: 'Network to attach to.' }),
  address: ipv4.optional().meta({ description: 'Reserved address; allocated once when left out.' }),
  mac: macAddress.optional().meta({
    description: 'MAC address; derived from the names of Node and Network when left out.',
    examples: ['52:54:00:5e:53:fb'],
  }),
  routeMetric: z.int().min(1).max(9999).optional().meta({
    description:
      'Metric of the default route by this network, of which the lowest wins; when left out 100 for the first network, 200 for the second, and so on.',
  }),
});

/** Characters of a line that OpenSSH reads. */
const KEY_MAX = 8192;

const ssh = z
  .strictObject({
    user: form(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Unix user name', 32)
      .default('k8slab')
      .meta({
        description: 'User that cloud-init makes, with sudo and without a password.',
        examples: ['centos'],
      }),
    authorizedKeys: z
      .array(form(/^(ssh|ecdsa|sk)-[^\n]+$/, 'must be a public key such as ssh-ed25519 AAAA… me', KEY_MAX))
      .max(256)
      .default([])
      .meta({ description: "Public keys that may log in, beside the daemon's own." }),
    hostKey: form(
      /^(ssh|ecdsa|sk)-[^ \n]+ [A-Za-z0-9+/]+=*( [^\n]*)?$/,
      'must be a public key such as ssh-ed25519 AAAA…',
      KEY_MAX,
    )
      .optional()
      .meta({
        description: 'Public host key of an adopted guest, from its /etc/ssh/ssh_host_ed25519_key.pub.',
        examples: ['ssh-ed25519 AAAA…'],
      }),
  })
  .prefault({})
  .meta({ description: 'How people and Ansible reach the guest.' });

const file = z.strictObject({
  path: absolutePath.meta({
    description: 'Where the file is written in the guest.',
    examples: ['/etc/motd'],
  }),
  content: z.string().meta({ description: 'Text of the file.' }),
  permissions: z
    .string({ error: 'must be a quoted octal mode such as "0644"' })
    .regex(/^0[0-7]{3}$/, { error: 'must be a quoted octal mode such as "0644"', abort: true })
    .max(4)
    .default('0644')
    .meta({ description: 'Mode of the file, in octal digits and quotes.' }),
  owner: z
    .string()
    .optional()
    .meta({
      description: 'Owner of the file as chown takes it; root:root when left out.',
      examples: ['centos:centos'],
    }),
});

const cloudInit = z
  .strictObject({
    packageUpgrade: z
      .boolean()
      .default(false)
      .meta({ description: 'Upgrade all packages at the first boot.' }),
    commands: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Shell commands that run once, as root, at the end of the first boot.' }),
    files: z
      .array(file)
      .max(256)
      .default([])
      .meta({ description: 'Files written at the first boot.', ...listMapOf('path') }),
    userData: z.record(z.string(), z.unknown()).optional().meta({
      description: "More of cloud-config, merged over what k8slab writes; lists are appended to k8slab's.",
    }),
  })
  .prefault({})
  .meta({ description: 'What cloud-init does at the first boot.' });

const policy = z
  .strictObject({
    restart: z.enum(['Never', 'OnAddressChange', 'OnAnyChange']).default('OnAddressChange').meta({
      description: 'For which changes the guest may be restarted.',
    }),
    drift: driftPolicy,
    reclaim: z
      .enum(['Retain', 'Delete'])
      .default('Retain')
      .meta({ description: 'What becomes of the disks that k8slab made when the manifest goes.' }),
    adopt: z
      .boolean()
      .default(false)
      .meta({ description: 'Take over a domain of this name that k8slab did not make.' }),
  })
  .prefault({})
  .meta({ description: 'What k8slab may do on its own.' });

const vmhostSelector = z
  .strictObject({
    matchLabels: labelMap.meta({
      description: 'Labels that the vmhost has, all of them.',
      examples: [{ zone: 'cellar' }],
    }),
  })
  .meta({ description: 'Vmhosts that the guest may be placed on; any when left out.' });

export const nodeSpec = z.strictObject({
  role: role.optional().meta({
    description: 'Group in the Ansible inventory, such as master, worker or lb.',
    examples: ['master'],
  }),
  cpus: z.int().min(1).max(1024).default(1).meta({ description: 'Virtual CPUs.' }),
  memory: byteQuantity.default('1Gi').meta({ description: 'Memory.', examples: ['16Gi'] }),
  disk,
  networks: z
    .array(attachment)
    .min(1)
    .max(8)
    .meta({
      description: 'Networks the guest is attached to; the first one names it.',
      ...listMapOf('network'),
    }),
  dnsAliases: z.array(dnsName).max(256).default([]).meta({
    description: "More names of the guest's first address; a name without a dot gets the network's domain.",
    'x-kubernetes-list-type': 'set',
  }),
  hostsEntry: z
    .boolean()
    .default(true)
    .meta({ description: "Whether the vmhost's /etc/hosts, inventory and ssh_config name the guest." }),
  ssh,
  cloudInit,
  podCIDR: ipv4Cidr.optional().meta({
    description:
      'Pod network, written to ~/pod_cidr.txt in the guest; allocated for role worker when left out.',
    examples: ['10.200.0.0/24'],
  }),
  power: z.enum(['Running', 'Stopped']).default('Running').meta({ description: 'Whether the guest runs.' }),
  domainType: z
    .enum(['auto', 'kvm', 'qemu'])
    .optional()
    .meta({ description: "Hypervisor of the guest; the daemon's domainType when left out." }),
  vmhost: objectName.optional().meta({
    description: 'Vmhost that the guest runs on; k8slab chooses one when left out.',
    examples: ['vmhost1'],
  }),
  vmhostSelector: vmhostSelector.optional(),
  policy,
});

export type NodeSpec = z.output<typeof nodeSpec>;

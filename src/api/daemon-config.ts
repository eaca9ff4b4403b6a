import { z } from 'zod';
import { objectName } from './kinds/fields.ts';
import { PRIVILEGES } from './kinds/privileges.ts';
import { DEFAULT_STORAGE } from './storage.ts';

const path = z.string().regex(/^\/[^\0\n]*$/, 'must be an absolute path');

/** It is written into ssh_config and the inventory, which have quoting rules of their own. */
const plainPath = z
  .string()
  .regex(/^\/[A-Za-z0-9_./@:+,=-]*$/, 'must be an absolute path of letters, digits and _ . / @ : + , = -');

const loopback = z
  .string()
  .regex(/^(127(\.[0-9]{1,3}){3}|\[::1\]|localhost):[0-9]{1,5}$/, 'must be a loopback address and a port')
  .refine((address) => Number(address.split(':').at(-1)) <= 65_535, 'must have a port of at most 65535');

const overcommit = z.number().min(0.1).max(100);

const source = z
  .strictObject({
    kubeconfig: z
      .union([path, z.literal('')])
      .default('')
      .meta({
        description: 'Kubeconfig of the API server that has the objects; "": the directory has them.',
      }),
    name: objectName.optional().meta({ description: "Name of this vmhost; the machine's when left out." }),
    address: z.union([z.ipv4(), z.ipv6()]).optional().meta({
      description: 'Where other vmhosts reach this one; that of the way to the API server when left out.',
    }),
    labels: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: 'Labels that its Vmhost gets when it is made.' }),
    allow: z
      .array(z.enum(PRIVILEGES))
      .default([])
      .meta({ description: 'What objects of the API server may use of this vmhost.' }),
    overcommit: z
      .strictObject({
        cpu: overcommit.default(10),
        memory: overcommit.default(1),
        storage: overcommit.default(1),
      })
      .prefault({})
      .meta({ description: 'How many times what the machine has Nodes may ask for.' }),
  })
  .prefault({})
  .meta({ description: 'Where the objects come from.' });

/** /etc/k8slab/k8slabd.yaml; every field may be left out. */
export const daemonConfig = z.strictObject({
  manifests: path.default('/etc/k8slab.d').meta({ description: 'Directory of manifests.' }),
  connect: z.string().default('qemu:///system').meta({ description: 'libvirt connection URI.' }),
  domainType: z
    .enum(['auto', 'kvm', 'qemu'])
    .default('auto')
    .meta({ description: 'Hypervisor for Nodes that name none; auto takes kvm where libvirt offers it.' }),
  storage: path
    .default(DEFAULT_STORAGE)
    .meta({ description: 'Images, disks and seeds: a directory that QEMU may read.' }),
  state: plainPath.default('/var/lib/k8slab').meta({ description: 'Host keys of guests and known_hosts.' }),
  identity: plainPath
    .default('/etc/k8slab/ssh/id_ed25519')
    .meta({ description: "The daemon's own key pair, made at the first start." }),
  runtime: path.default('/run/k8slab').meta({ description: 'Socket and temporary files.' }),
  listen: loopback
    .default('127.0.0.1:9811')
    .meta({ description: 'Where /metrics, /healthz and /readyz are served.' }),
  api: z
    .strictObject({
      listen: z.union([loopback, z.literal('')]).default('127.0.0.1:9812'),
    })
    .prefault({})
    .meta({ description: 'Where kubectl is served, on HTTPS with a token; "" switches it off.' }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  maxConcurrentBoots: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .meta({ description: 'Guests that boot at the same time.' }),
  maxRemovals: z.int().min(0).max(1_000_000).default(3).meta({
    description: 'When more objects than this lose their manifests, their removal waits to be confirmed.',
  }),
  shutdownSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(120)
    .meta({ description: 'How long a guest may take to shut down before its plug is pulled.' }),
  resyncSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .meta({ description: 'Every object is looked at this often though nothing was heard of it.' }),
  source,
  hostFiles: z
    .strictObject({
      hosts: z.union([path, z.literal('')]).default('/etc/hosts'),
      inventory: z.union([path, z.literal('')]).default('/etc/ansible/hosts'),
      sshConfig: z.union([path, z.literal('')]).default('/etc/ssh/ssh_config.d/k8slab.conf'),
    })
    .prefault({})
    .meta({ description: 'Files of the vmhost that name the guests; "" leaves one out.' }),
});

export type DaemonConfig = z.output<typeof daemonConfig>;

import { z } from 'zod';

const DNS_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** An RFC 1123 label: it becomes a host name, a file name and a libvirt name. */
export const objectName = z
  .string()
  .regex(new RegExp(`^${DNS_LABEL}$`), 'must be lower-case letters, digits and "-", at most 63 characters');

export const dnsName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`), 'must be a lower-case DNS name such as k8s.example');

/** Canonical dotted quad: no leading zeros, four parts. */
export const ipv4 = z
  .string()
  .regex(
    /^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$/,
    'must be an IPv4 address such as 192.168.111.150',
  );

const IPV4 = '((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

/** One address, or the first and the last of several. */
export const ipv4Range = z
  .string()
  .regex(
    new RegExp(`^${IPV4}(-${IPV4})?$`),
    'must be an IPv4 address or a range such as 192.168.111.240-192.168.111.254',
  );

export const ipv4Cidr = z
  .string()
  .regex(
    /^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\/(3[0-2]|[12]?[0-9])$/,
    'must be an IPv4 network such as 192.168.111.0/24',
  );

/** Unicast MAC address; what comes out is in lower case, with colons, as libvirt writes it. */
export const macAddress = z
  .string()
  .regex(
    /^[0-9A-Fa-f][02468ACEace]([:-][0-9A-Fa-f]{2}){5}$/,
    'must be a unicast MAC address such as 52:54:00:5e:53:fb',
  )
  .overwrite((mac) => mac.replaceAll('-', ':').toLowerCase());

export const port = z.int().min(1).max(65_535);

export const interfaceName = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,15}$/, 'must be an interface name of at most 15 characters');

const QUANTITY_WORDS = 'must be a quantity of bytes such as 16Gi or 512Mi';

/** A Kubernetes quantity of bytes, whole numbers only. */
export const byteQuantity = z
  .string({ error: QUANTITY_WORDS })
  .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$/, QUANTITY_WORDS);

/** A group of an Ansible inventory. */
export const role = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and "_"');

export const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'must be an absolute path');

const QUALIFIED_NAME = '[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?';

/** Labels as Kubernetes has them, so that its selectors and tools can read them. */
export const labelMap = z.record(
  z
    .string()
    .regex(
      new RegExp(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?${QUALIFIED_NAME}$`),
      'a label is named by letters, digits, "-", "_" and ".", at most 63, such as zone or example.com/zone',
    ),
  z
    .string()
    .regex(
      new RegExp(`^(${QUALIFIED_NAME})?$`),
      'must be letters, digits, "-", "_" and ".", at most 63 characters',
    ),
);

export const metadataSchema = z.strictObject({
  name: objectName.meta({
    description: 'Name of the object, unique within its kind.',
    examples: ['master00'],
  }),
  labels: labelMap.optional().meta({ description: 'Labels that selectors match on.' }),
  annotations: z
    .record(
      z
        .string()
        .regex(/^(?!([^/]*\.)?k8slab\.io\/)/, 'k8slab.io/ is reserved for k8slab itself: leave it out'),
      z.string(),
    )
    .optional()
    .meta({ description: 'Notes of your own; k8slab does not read them.' }),
});

/** What the API server writes into `metadata` and no manifest decides; kubectl apply leaves these out as well. */
export const SERVER_METADATA: readonly string[] = [
  ...['uid', 'generation', 'resourceVersion', 'creationTimestamp', 'selfLink', 'managedFields'],
  ...['deletionTimestamp', 'deletionGracePeriodSeconds', 'finalizers', 'ownerReferences'],
];
/** Beside `spec`, and as little a manifest's. */
export const STATUS = 'status';

export const driftPolicy = z
  .enum(['Repair', 'Report'])
  .default('Repair')
  .meta({ description: 'Whether changes made behind the manifest are repaired or only reported.' });

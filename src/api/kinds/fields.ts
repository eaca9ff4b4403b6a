import { z } from 'zod';

const DNS_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** Text of a form that bounds its length; an API server wants to know how much there is to check. */
export function form(pattern: RegExp, message: string, most: number): z.ZodString {
  return z.string().regex(pattern, { error: message, abort: true }).max(most);
}

/** An RFC 1123 label: it becomes a host name, a file name and a libvirt name. */
export const OBJECT_NAME = {
  pattern: new RegExp(`^${DNS_LABEL}$`),
  message: 'must be lower-case letters, digits and "-", at most 63 characters',
  most: 63,
};
export const objectName = form(OBJECT_NAME.pattern, OBJECT_NAME.message, OBJECT_NAME.most);

export const dnsName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`), 'must be a lower-case DNS name such as k8s.example');

/** Canonical dotted quad: no leading zeros, four parts. */
export const ipv4 = form(
  /^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$/,
  'must be an IPv4 address such as 192.168.111.150',
  15,
);

const IPV4 = '((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';

/** One address, or the first and the last of several. */
export const ipv4Range = form(
  new RegExp(`^${IPV4}(-${IPV4})?$`),
  'must be an IPv4 address or a range such as 192.168.111.240-192.168.111.254',
  31,
);

export const ipv4Cidr = form(
  /^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\/(3[0-2]|[12]?[0-9])$/,
  'must be an IPv4 network such as 192.168.111.0/24',
  18,
);

/** Unicast MAC address; what comes out is in lower case, with colons, as libvirt writes it. */
export const macAddress = form(
  /^[0-9A-Fa-f][02468ACEace]([:-][0-9A-Fa-f]{2}){5}$/,
  'must be a unicast MAC address such as 52:54:00:5e:53:fb',
  17,
).overwrite((mac) => mac.replaceAll('-', ':').toLowerCase());

/** For `meta`: no two items have the same `key`, by which server-side apply merges them. */
export function listMapOf(key: string): object {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] };
}

export const port = z.int().min(1).max(65_535);

/** Neither `.` nor `..`, which the kernel refuses. */
export const interfaceName = form(
  /^([A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}|\.[A-Za-z0-9_-][A-Za-z0-9_.-]{0,13}|\.\.[A-Za-z0-9_.-]{1,13})$/,
  'must be an interface name of at most 15 characters',
  15,
);

const QUANTITY_WORDS = 'must be a quantity of bytes such as 16Gi or 512Mi';

/** A Kubernetes quantity of bytes, whole numbers only. */
export const byteQuantity = z
  .string({ error: QUANTITY_WORDS })
  .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$/, { error: QUANTITY_WORDS, abort: true })
  .max(64);

/** A group of an Ansible inventory. */
export const role = form(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and "_"', 63);

/** Longer ones no system call takes. */
const PATH_MAX = 4096;
export const absolutePath = form(/^\/[^\0\n]*$/, 'must be an absolute path', PATH_MAX);

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

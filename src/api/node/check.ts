import { posix } from 'node:path';
import { ReasonedError } from '../errors.ts';
import type { FieldIssue, FieldPath } from '../manifest/types.ts';
import { networkAddressIssue } from '../ipam/check.ts';
import { formatBytes, parseBytes } from '../quantity.ts';
import { DEFAULT_STORAGE, imagesDir } from '../storage.ts';
import type { NodeSpec } from './spec.ts';

const MIN_MEMORY = parseBytes('64Mi');
const MIN_DISK = parseBytes('1Mi');
const DISK_SOURCES = ['image', 'cloneOf', 'path'] as const;

/** Rules between the fields of a Node. */
export function checkNode(spec: NodeSpec): readonly FieldIssue[] {
  return [
    ...sizeIssues(['spec', 'memory'], spec.memory, MIN_MEMORY),
    ...checkDisk(spec.disk),
    ...reservedMacs(spec),
    ...repeated(
      spec.networks.map(({ network }) => network),
      (index) => ['spec', 'networks', index, 'network'],
    ),
    ...repeated(
      spec.networks.map(({ mac }) => mac),
      (index) => ['spec', 'networks', index, 'mac'],
    ),
    ...repeated(spec.dnsAliases, (index) => ['spec', 'dnsAliases', index]),
    ...repeated(
      spec.cloudInit.files.map(({ path }) => path),
      (index) => ['spec', 'cloudInit', 'files', index, 'path'],
    ),
    ...(spec.podCIDR === undefined ? [] : networkAddressIssue(['spec', 'podCIDR'], spec.podCIDR)),
    ...checkAdoption(spec),
  ];
}

/** What k8slab did not make it does not know by itself: which NIC is meant, and which key the guest shows. */
function checkAdoption({ policy, networks, ssh }: NodeSpec): readonly FieldIssue[] {
  if (policy.adopt) {
    return networks.flatMap(({ mac }, index) =>
      mac === undefined ? [missingMac(['spec', 'networks', index, 'mac'])] : [],
    );
  }
  if (ssh.hostKey === undefined) return [];
  const message = 'only an adopted guest brings a host key of its own';
  return [{ path: ['spec', 'ssh', 'hostKey'], code: 'InvalidValue', message, hint: 'leave hostKey out' }];
}

function missingMac(path: FieldPath): FieldIssue {
  const hint = 'k8slab adopt writes a manifest with it';
  return { path, code: 'MissingField', message: "an adopted guest's MAC address must be given", hint };
}

/** libvirt gives the vmhost's end of a guest's interface the guest's address with fe in front. */
function reservedMacs({ networks }: NodeSpec): readonly FieldIssue[] {
  return networks.flatMap(({ mac }, index) => {
    if (mac?.startsWith('fe:') !== true) return [];
    const path = ['spec', 'networks', index, 'mac'];
    return [
      {
        path,
        code: 'InvalidValue' as const,
        message: `libvirt keeps addresses that begin with fe, found ${mac}`,
      },
    ];
  });
}

function checkDisk(disk: NodeSpec['disk']): readonly FieldIssue[] {
  const path = ['spec', 'disk'];
  const given = DISK_SOURCES.filter((source) => disk[source] !== undefined);
  const issues: FieldIssue[] = [];
  if (given.length === 0) {
    const message = 'one of image, cloneOf and path must say where the disk comes from';
    issues.push({ path, code: 'MissingField', message });
  }
  for (const source of given.slice(1)) {
    const message = `only one of image, cloneOf and path can be given, ${given[0] ?? ''} is there already`;
    issues.push({ path: [...path, source], code: 'InvalidValue', message });
  }
  if (disk.format !== undefined && disk.path === undefined) {
    const message = 'only an existing disk file has a format of its own';
    issues.push({ path: [...path, 'format'], code: 'InvalidValue', message, hint: 'leave format out' });
  }
  issues.push(...inStore(disk.path));
  if (disk.size === undefined) return issues;
  if (disk.path === undefined) return [...issues, ...sizeIssues([...path, 'size'], disk.size, MIN_DISK)];
  const message = 'an existing disk file keeps its size';
  return [...issues, { path: [...path, 'size'], code: 'InvalidValue', message, hint: 'leave size out' }];
}

/** As between Nodes, the usual directory is meant; the pass knows the real one. */
function inStore(path: string | undefined): readonly FieldIssue[] {
  if (path === undefined || posix.dirname(posix.normalize(path)) !== imagesDir(DEFAULT_STORAGE)) return [];
  const message =
    'guests stand on what is in the store of images, and a guest that writes to it would destroy their disks';
  const hint = 'name its Image by disk.image, or copy the file to another directory';
  return [{ path: ['spec', 'disk', 'path'], code: 'InvalidValue', message, hint }];
}

function sizeIssues(path: FieldPath, quantity: string, minimum: number): readonly FieldIssue[] {
  try {
    if (parseBytes(quantity) >= minimum) return [];
  } catch (error) {
    if (error instanceof ReasonedError) return [{ path, code: 'InvalidValue', message: error.message }];
    throw error;
  }
  return [
    { path, code: 'InvalidValue', message: `must be at least ${formatBytes(minimum)}, found ${quantity}` },
  ];
}

/** An issue for every value that is there already; values left out do not count. */
function repeated(
  values: readonly (string | undefined)[],
  pathOf: (index: number) => FieldPath,
): readonly FieldIssue[] {
  return values.flatMap((value, index) =>
    value === undefined || values.indexOf(value) === index
      ? []
      : [{ path: pathOf(index), code: 'InvalidValue' as const, message: `${value} is there twice` }],
  );
}

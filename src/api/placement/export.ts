import { entryOf } from '../ipam/by-node.ts';
import { isLeftAlone } from '../ipam/names.ts';
import type { Kinds } from '../kinds/kinds.ts';
import type { Privilege } from '../kinds/privileges.ts';
import { API_VERSION, isElsewhere, isRemoved, objectWord, parseRef, refName } from '../meta.ts';
import type { AnyObject, ManifestKind, ObjectOf } from '../meta.ts';
import { served } from '../ownership/served.ts';
import { filled, own, type GivenAddress } from './filled.ts';

export interface ExportInput {
  /** As API servers call it. */
  readonly vmhost: string;
  readonly kinds: Kinds;
  readonly objects: readonly AnyObject[];
  /** `Kind/name` of all that the vmhost shall have. */
  readonly wanted: ReadonlySet<string>;
  /** Those whose manifest has errors, so that an older one is in force. */
  readonly invalid: Pick<ReadonlySet<string>, 'has'>;
  /** Files that may name more. */
  readonly opaque: readonly string[];
}

export interface ExportedManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: ManifestKind;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
}

export interface Exported {
  /** In the order in which kinds depend on each other. */
  readonly items: readonly ExportedManifest[];
  /** What they lack, or may lack. */
  readonly notes: readonly string[];
  /** What a vmhost must allow for objects of an API server to be these. */
  readonly allow: readonly Privilege[];
}

/**
 * What a vmhost has, as manifests that change nothing there, whether its directory or an API server has them: Nodes
 * with the addresses that they were given, and pinned to where they are.
 */
export function exportManifests(input: ExportInput): Exported {
  const { kinds, objects } = input;
  const here = objects.filter(isHere);
  const networks = new Map(
    here.flatMap((object) => (object.kind === 'Network' ? [[object.metadata.name, object]] : [])),
  );
  const found = kinds.manifests.flatMap(({ kind }) => here.filter((object) => object.kind === kind));
  const needed = found.flatMap(({ kind, spec }) => kinds.manifest(kind)?.manifest.privileges?.(spec) ?? []);
  return {
    items: found.map((object) => exported(object, networks, input.vmhost)),
    notes: [...missing(found, input), ...found.flatMap((object) => addressless(object, networks))],
    allow: [...new Set(needed.map(({ privilege }) => privilege))].sort(),
  };
}

function isHere(object: AnyObject): object is Manifested {
  return object.kind !== 'Vmhost' && !isElsewhere(object) && !isRemoved(object);
}

function missing(found: readonly Manifested[], { wanted, invalid, opaque }: ExportInput): string[] {
  const names = new Set(found.map(({ kind, metadata }) => refName({ kind, name: metadata.name })));
  const word = (ref: string): string => objectWord(parseRef(ref));
  return [
    ...[...wanted]
      .filter((ref) => !names.has(ref))
      .map((ref) => `${word(ref)} is left out: it is not there yet, or its manifest has errors`),
    ...[...names]
      .filter((ref) => invalid.has(ref))
      .map((ref) => `${word(ref)} is as its last good manifest says: the one that there is has errors`),
    ...opaque.map((file) => `${file} cannot be read: what it names is left out`),
  ];
}

type Manifested = AnyObject<ManifestKind>;
type Networks = ReadonlyMap<string, ObjectOf<'Network'>>;

function exported(object: Manifested, networks: Networks, vmhost: string): ExportedManifest {
  const { kind, metadata } = object;
  const { name, labels, annotations } = metadata;
  const kept = own(annotations);
  const { spec } = served(object);
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(kept === undefined ? {} : { annotations: kept }),
    },
    spec: object.kind === 'Node' ? pinned(filled(spec, givenTo(object, networks)), vmhost) : spec,
  };
}

/** Where it is now: a selector would be about where it may go. */
function pinned(spec: unknown, vmhost: string): unknown {
  const { vmhostSelector: _, ...rest } = spec as Readonly<Record<string, unknown>>;
  return { ...rest, vmhost };
}

function givenTo(
  { metadata, spec }: ObjectOf<'Node'>,
  networks: Networks,
): ReadonlyMap<string, GivenAddress> {
  const given = spec.networks.flatMap(({ network }): [string, GivenAddress][] => {
    const entry = entryOf(networks.get(network)?.status.entries, metadata.name);
    if (entry === undefined) return [];
    const { ip: address, mac, podCIDR } = entry;
    return [[network, { address, mac, ...(podCIDR === undefined ? {} : { podCIDR }) }]];
  });
  return new Map(given);
}

function addressless(node: Manifested, networks: Networks): string[] {
  if (node.kind !== 'Node') return [];
  const given = givenTo(node, networks);
  return node.spec.networks.flatMap((attachment) => {
    const { network, address } = attachment;
    if (address !== undefined || given.has(network) || isLeftAlone(node.spec, attachment)) return [];
    return [
      `node/${node.metadata.name} has no address on Network "${network}" yet: it gets one where it is applied`,
    ];
  });
}

import type { Kinds } from '../kinds/kinds.ts';
import { API_VERSION, type ManifestKind } from '../meta.ts';
import { knownSpec } from './newer.ts';

/** An object as an API server has it. */
export interface ServedManifest {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What Nodes were given, by Node and Network. */
export type Given = ReadonlyMap<string, ReadonlyMap<string, GivenAddress>>;

export interface GivenAddress {
  readonly address: string;
  /** Where a vmhost says it: an API server leaves it to be derived. */
  readonly mac?: string;
  readonly podCIDR?: string;
}

/** @param networks the Networks of the API server, whose status says what was given */
export function givenOf(networks: Iterable<ServedManifest>): Given {
  const given = new Map<string, Map<string, GivenAddress>>();
  for (const { metadata, status } of networks) {
    for (const allocation of allocationsIn(status)) {
      const ofNode = given.get(allocation.node) ?? new Map<string, GivenAddress>();
      given.set(allocation.node, ofNode.set(metadata.name, allocation));
    }
  }
  return given;
}

export interface Allocation extends GivenAddress {
  readonly node: string;
}

/** Of a Network's status. Whatever others wrote there: what is no allocation counts as none. */
export function allocationsIn(status: unknown): readonly Allocation[] {
  const list = isRecord(status) ? status['allocations'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(
    (each): each is Allocation =>
      isRecord(each) && typeof each['node'] === 'string' && typeof each['address'] === 'string',
  );
}

export interface ManifestTextInput {
  readonly kind: ManifestKind;
  readonly object: ServedManifest;
  readonly given: Given;
}

export interface ManifestText {
  readonly text: string;
  /** Fields that it leaves out, since only a newer release knows them. */
  readonly ignored: readonly string[];
}

/** The manifest of an object, with what its Node was given in place of what it leaves out. */
export function manifestText(kinds: Kinds, { kind, object, given }: ManifestTextInput): ManifestText {
  const { name, labels, annotations } = object.metadata;
  const known = knownSpec(kinds, kind, object.spec);
  const spec = kind === 'Node' ? filled(known.spec, given.get(name)) : known.spec;
  const metadata = { name, labels, annotations: own(annotations) };
  return { text: JSON.stringify({ apiVersion: API_VERSION, kind, metadata, spec }), ignored: known.ignored };
}

/** kubectl keeps a copy of the whole manifest there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export function own(
  annotations: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  if (annotations === undefined) return undefined;
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** A Node's spec with what it was given, by Network, in place of what it leaves out. */
export function filled(spec: unknown, given: ReadonlyMap<string, GivenAddress> | undefined): unknown {
  if (given === undefined || !isRecord(spec) || !Array.isArray(spec['networks'])) return spec;
  const networks = spec['networks'].map((attachment: unknown) => {
    const found = isRecord(attachment) ? given.get(String(attachment['network'])) : undefined;
    if (!isRecord(attachment) || found === undefined) return attachment;
    const { address, mac } = found;
    // What the manifest says itself counts.
    return { ...attachment, address, ...(mac === undefined ? {} : { mac }), ...attachment };
  });
  const primary: unknown = spec['networks'][0];
  const podCIDR = isRecord(primary) ? given.get(String(primary['network']))?.podCIDR : undefined;
  return {
    ...spec,
    networks,
    ...(podCIDR === undefined || spec['podCIDR'] !== undefined ? {} : { podCIDR }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

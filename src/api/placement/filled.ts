import { API_VERSION, type ManifestKind } from '../meta.ts';

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

interface Allocation extends GivenAddress {
  readonly node: string;
}

/** Whatever others wrote there: what is no allocation counts as none. */
function allocationsIn(status: unknown): readonly Allocation[] {
  const list = isRecord(status) ? status['allocations'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(
    (each): each is Allocation =>
      isRecord(each) && typeof each['node'] === 'string' && typeof each['address'] === 'string',
  );
}

/** The manifest of an object, with what its Node was given in place of what it leaves out. */
export function manifestText(kind: ManifestKind, object: ServedManifest, given: Given): string {
  const { name, labels, annotations } = object.metadata;
  const spec = kind === 'Node' ? filled(object.spec, given.get(name)) : object.spec;
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind,
    metadata: { name, labels, annotations: own(annotations) },
    spec,
  });
}

/** kubectl keeps a copy of the whole manifest there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function own(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (annotations === undefined) return undefined;
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function filled(spec: unknown, given: ReadonlyMap<string, GivenAddress> | undefined): unknown {
  if (given === undefined || !isRecord(spec) || !Array.isArray(spec['networks'])) return spec;
  const networks = spec['networks'].map((attachment: unknown) => {
    if (!isRecord(attachment) || attachment['address'] !== undefined) return attachment;
    const address = given.get(String(attachment['network']))?.address;
    return address === undefined ? attachment : { ...attachment, address };
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

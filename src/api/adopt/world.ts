import type { DomainDocument } from '../libvirt/domain.ts';
import type { NetworkDocument } from '../libvirt/network.ts';
import type { ManifestKind } from '../meta.ts';
import type { DomainState } from '../node/plan.ts';

export interface FoundNetwork {
  readonly name: string;
  readonly active: boolean;
  readonly autostart: boolean;
  readonly persistent: boolean;
  /** From --inactive XML. */
  readonly config: NetworkDocument;
  readonly live?: NetworkDocument;
}

export interface FoundDomain {
  readonly name: string;
  readonly state: DomainState;
  /** From --inactive XML. */
  readonly config: DomainDocument;
}

/** What libvirt has. */
export interface FoundWorld {
  readonly networks: readonly FoundNetwork[];
  readonly domains: readonly FoundDomain[];
}

/** A manifest of something found, as its user would write it. */
export interface FoundManifest {
  readonly kind: Extract<ManifestKind, 'Network' | 'Node'>;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What a reader should know of it, for comments. */
  readonly notes: readonly string[];
}

/** Something that no manifest can say. */
export interface Skipped {
  /** `network/default`, `domain/win11`: as libvirt calls it. */
  readonly what: string;
  readonly why: string;
}

export function isManifest(found: FoundManifest | Skipped): found is FoundManifest {
  return 'spec' in found;
}

export function isSkipped(found: FoundManifest | Skipped): found is Skipped {
  return !isManifest(found);
}

import { NONE } from '../kinds/columns.ts';

/**
 * What a step costs the guests (docs/disruption.md): `uplink` = they lose the outside for less than a second,
 * `link` = they lose the network for a moment, `restart` = a guest restarts, `removal` = a guest goes, `data` = a disk goes.
 */
export type Disruption = 'none' | 'uplink' | 'link' | 'restart' | 'removal' | 'data';

export interface Step {
  readonly disruption: Disruption;
  /** Why, as a user reads it in `k8slab plan`. */
  readonly reason: string;
  /** For about how long guests feel it, measured in docs/disruption.md; left out where they feel nothing. */
  readonly seconds?: number;
  /** Names of the running domains that feel it. */
  readonly guests?: readonly string[];
  /** Old and new values of what differs, where they are worth a line. */
  readonly changes?: readonly FieldChange[];
  /** It undoes what was changed behind the manifest. */
  readonly drift?: true;
  /** The steps after it do not need it: its failure is told once they are done. */
  readonly isolated?: true;
  /** The object works without it: where it fails, the steps after it wait, and Ready stays what it is. */
  readonly aside?: true;
}

/** A field, as the manifest has it, before and after. */
export interface FieldChange {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** What a disruptive step costs: how long, and whom. */
export type Cost = Pick<Step, 'seconds' | 'guests' | 'drift' | 'changes'>;

export function step<T extends object>(
  disruption: Disruption,
  reason: string,
  action: T,
  cost: Cost = {},
): T & Step {
  return { ...action, disruption, reason, ...cost };
}

/** None where nothing changes. */
export function fieldChange(field: string, from: string, to: string): FieldChange[] {
  if (from === to) return [];
  return [{ field, from: from === '' ? NONE : from, to: to === '' ? NONE : to }];
}

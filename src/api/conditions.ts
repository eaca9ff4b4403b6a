import { plain } from './plain.ts';
import type { Condition, ConditionInput, ConditionStatus } from './meta.ts';

/** True: the object works. */
export const READY = 'Ready';
/** True: the last pass over the object succeeded. */
export const SYNCED = 'Synced';
/** Present while the object has no manifest and somebody has to confirm that it shall go. */
export const REMOVAL_HELD = 'RemovalHeld';
/** Present while the text of an object's manifest has errors: what stands is an older one, or nothing. */
export const MANIFEST_INVALID = 'ManifestInvalid';
/** Of the Vmhost: manifests with errors, and that the manifests cannot be read. */
export const MANIFESTS_INVALID = 'ManifestsInvalid';
export const MANIFESTS_UNREAD = 'ManifestsUnread';
/** Present while a manifest asks for something that its object goes without, though it works. */
export const PENDING_TYPES = [
  'RestartRequired',
  'Drifted',
  'FieldRefused',
  'CloudInitDrifted',
  'DiskMissing',
  'DiskSourceDiffers',
  'DiskShrinkRefused',
  'DiskGrowthRefused',
  'FieldsIgnored',
] as const;
export type PendingType = (typeof PENDING_TYPES)[number];

const MESSAGE_LIMIT = 32_768;
const FIRST = [READY, SYNCED];

/** Builds one condition from what a pass found. */
export function condition(
  type: string,
  status: ConditionStatus,
  reason: string,
  message = '',
): ConditionInput {
  return { type, status, reason, message };
}

export function isTrue(conditions: readonly Pick<Condition, 'type' | 'status'>[], type: string): boolean {
  return conditions.some((c) => c.type === type && c.status === 'True');
}

export function findCondition<C extends ConditionInput>(
  conditions: readonly C[],
  type: string,
): C | undefined {
  return conditions.find((c) => c.type === type);
}

/**
 * The conditions after a pass: `found` replaces what stood before, sorted Ready and Synced first, then by type;
 * `lastTransitionTime` is kept where the status is the same.
 * @param now RFC 3339
 */
export function mergeConditions(
  before: readonly Condition[],
  found: readonly ConditionInput[],
  now: string,
  observedGeneration: number,
): Condition[] {
  return found
    .map((input) => {
      const old = before.find((c) => c.type === input.type);
      const lastTransitionTime = old?.status === input.status ? old.lastTransitionTime : now;
      return {
        ...input,
        message: plain(input.message.slice(0, MESSAGE_LIMIT)),
        lastTransitionTime,
        observedGeneration,
      };
    })
    .sort((a, b) => rank(a.type) - rank(b.type) || a.type.localeCompare(b.type, 'en'));
}

function rank(type: string): number {
  const index = FIRST.indexOf(type);
  return index === -1 ? FIRST.length : index;
}

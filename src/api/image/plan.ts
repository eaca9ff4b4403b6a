import type { ImageSpec } from './spec.ts';
import type { Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { ImageAction } from './actions.ts';

/** What the image store has under the name. */
export interface ObservedImage {
  readonly stored?: {
    readonly source: string;
    readonly checksum?: string;
    readonly format: string;
  };
  /** How far the fetch has come that is under way. */
  readonly fetching?: Waiting;
  /** That fetch is of what the manifest said before. */
  readonly outdated?: boolean;
}

/**
 * An image is fetched once per source and checksum and then pinned: guests made later start from the same bytes,
 * whatever happens to the source.
 */
export function planImage(spec: ImageSpec, observed: ObservedImage): Plan<ImageAction> {
  const { stored, fetching, outdated = false } = observed;
  if (fetching !== undefined && !outdated) return { actions: [], waiting: fetching };
  const abort = outdated
    ? [step('none', 'the manifest changed meanwhile', { type: 'AbortFetch' } as const)]
    : [];
  const reason = fetchReason(spec, stored);
  if (reason === undefined) return { actions: abort };
  const fetch = {
    source: spec.source,
    ...(spec.checksum === undefined ? {} : { checksum: spec.checksum }),
    ...(spec.format === undefined ? {} : { format: spec.format }),
  };
  return { actions: [...abort, step('none', reason, { type: 'FetchImage', fetch })] };
}

function fetchReason(spec: ImageSpec, stored: ObservedImage['stored']): string | undefined {
  if (stored === undefined) return 'the image is not in the store';
  if (stored.source !== spec.source) return 'the source changed';
  if (spec.checksum !== undefined && stored.checksum !== spec.checksum) return 'the checksum changed';
  if (spec.format !== undefined && stored.format !== spec.format) return 'the format changed';
  return undefined;
}

import { condition, READY, SYNCED } from '../../api/conditions.ts';
import { reasonOf } from '../../api/errors.ts';
import type { Plan } from '../../api/disruption/action.ts';
import type { Waiting } from '../../api/disruption/waiting.ts';
import type { ImageAction, ImageFetch } from '../../api/image/actions.ts';
import { planImage } from '../../api/image/plan.ts';
import { formatSize } from '../../api/quantity.ts';
import type { ImageProgress, ImageStore, StoredImage } from '../../drivers/images.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Jobs, JobRun } from '../jobs.ts';
import type { Look, Reconciler } from '../reconciler.ts';
import type { ImageStatus } from '../../api/image/object.ts';

export interface ImageDeps {
  readonly images: Pick<ImageStore, 'find' | 'fetch'>;
  readonly jobs: Jobs;
  readonly clock: Clock;
}

const REPORT_EVERY_MS = 1000;
const REJECTED_MS = 900_000;
/** The source answered, and what it gave will not do. */
const REJECTIONS = [
  'ChecksumMismatch',
  'NotAnImage',
  'CorruptImage',
  'FormatMismatch',
  'UnsafeImage',
  'ImageTooLarge',
];

/** Whole downloads that were thrown away are not made again at once: they would bring the same. */
export function refetchMs(error: Error): number | undefined {
  return REJECTIONS.includes(reasonOf(error)) ? REJECTED_MS : undefined;
}

/** Fetches each image once, beside the passes, and keeps what was fetched. */
export function createImageReconciler(deps: ImageDeps): Reconciler<'Image', ImageAction, undefined> {
  const { images, jobs, clock } = deps;
  return {
    kind: 'Image',
    async look(object) {
      const { name } = object.metadata;
      const fetching = jobs.check(object.metadata);
      const stored = await images.find(name);
      const plan = planImage(object.spec, {
        ...(stored === undefined ? {} : { stored }),
        ...(fetching === undefined ? {} : { fetching }),
        outdated: jobs.isOutdated(object.metadata),
      });
      return describe(plan, stored);
    },
    async execute(action, _look, { metadata }) {
      if (action.type === 'AbortFetch') await jobs.abort(metadata.name);
      else jobs.start(metadata, fetchJob(images, metadata.name, action.fetch, clock));
    },
  };
}

function describe(
  plan: Plan<ImageAction>,
  stored: StoredImage | undefined,
): Look<'Image', ImageAction, undefined> {
  const { waiting } = plan;
  const synced = condition(SYNCED, 'True', 'Reconciled');
  const pending = plan.actions.length > 0 || waiting !== undefined;
  if (stored === undefined || pending) {
    const { reason, message } = waiting ?? {
      reason: 'NotFetched',
      message: 'the image is not in the store yet',
    };
    return {
      plan,
      fields: {},
      conditions: [condition(READY, 'False', reason, message), synced],
      extra: undefined,
    };
  }
  const { path, format, sha256, virtualSize } = stored;
  const fields: Omit<ImageStatus, 'conditions'> = { path, format, sha256, virtualSize };
  return { plan, fields, conditions: [condition(READY, 'True', 'Stored', path), synced], extra: undefined };
}

function fetchJob(images: ImageDeps['images'], name: string, fetch: ImageFetch, clock: Clock): JobRun {
  return async (signal, report) => {
    let next = 0;
    await images.fetch(
      { name, ...fetch },
      {
        signal,
        onProgress: (progress) => {
          if (clock.monotonic() < next) return;
          next = clock.monotonic() + REPORT_EVERY_MS;
          report(describeProgress(progress));
        },
        onRetry: report,
      },
    );
  };
}

function describeProgress({ phase, bytes, total }: ImageProgress): Waiting {
  if (total === undefined || total === 0) return { reason: phase, message: formatSize(bytes) };
  const percent = Math.floor((bytes / total) * 100);
  return { reason: phase, message: `${percent} % of ${formatSize(total)}` };
}

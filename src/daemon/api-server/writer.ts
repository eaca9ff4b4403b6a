import { explainError, reasonOf } from '../../api/errors.ts';
import type { ObjectRef } from '../../api/meta.ts';
import type { Kube, KubeObject } from '../../drivers/kube.ts';
import type { Assumed } from './assumed.ts';
import type { Election } from './election.ts';

/** Owner of what the elected daemon writes in status: `vmhost`, `allocations` and the condition Scheduled. */
export const SCHEDULER_MANAGER = 'k8slab-scheduler';

/** Writes of the elected daemon, each of them only if the object is still as it was seen. */
export interface Writer {
  /** @returns whether it is written, for certain */
  write(base: KubeObject, ref: ObjectRef, status: object): Promise<boolean>;
  /** Makes certain what became of writes whose answers were lost: the same again, which can happen once only. */
  settle(): Promise<void>;
  /** What failed since it was last asked, in words; those that only came too late are none. */
  failures(): readonly string[];
  /** Whether one came too late since it was last asked: what was decided then is to be decided anew. */
  cameTooLate(): boolean;
}

export interface WriterDeps {
  readonly kube: Pick<Kube, 'applyStatus'>;
  readonly election: Pick<Election, 'holds'>;
  readonly assumed: Assumed;
}

/** Calls that were certainly without effect. */
const WITHOUT_EFFECT = new Set([
  ...['Forbidden', 'Invalid', 'KindNotServed', 'KubeconfigInvalid', 'TooManyRequests', 'Unauthorized'],
]);
const TOO_LATE = new Set(['Conflict', 'NotFound']);

export function createWriter({ kube, election, assumed }: WriterDeps): Writer {
  let failed: string[] = [];
  let isLate = false;

  async function tryIt(base: KubeObject, ref: ObjectRef, status: object): Promise<boolean> {
    if (!election.holds()) return false;
    assumed.begin(base, { ref, status });
    const { resourceVersion } = base.metadata;
    try {
      const result = await kube.applyStatus(ref, status, { manager: SCHEDULER_MANAGER, resourceVersion });
      assumed.wrote(base, result);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (TOO_LATE.has(reason)) {
        isLate = true;
        assumed.outdated(base);
      } else failed.push(explainError(error));
      if (WITHOUT_EFFECT.has(reason)) assumed.refused(base);
      return false;
    }
  }

  return {
    write: (base, ref, status) => (assumed.isUnsure(ref) ? Promise.resolve(false) : tryIt(base, ref, status)),
    async settle() {
      for (const { base, ref, status } of assumed.doubtful()) await tryIt(base, ref, status);
    },
    cameTooLate() {
      const was = isLate;
      isLate = false;
      return was;
    },
    failures() {
      const told = failed;
      failed = [];
      return told;
    },
  };
}

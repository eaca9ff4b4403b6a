import { findCondition } from '../conditions.ts';
import { ReasonedError } from '../errors.ts';
import { isRemoved, type ObjectOf } from '../meta.ts';

/** What a person may ask of a guest. */
export const POWER_VERBS = ['restart', 'start', 'stop'] as const;
export type PowerVerb = (typeof POWER_VERBS)[number];

/** What is remembered until it is done. A restart becomes a start once the guest is off. */
export interface PowerRequest {
  readonly verb: 'restart' | 'start';
  /** Though others of its role are not Ready. */
  readonly force?: true;
}

export interface PowerOptions {
  readonly force?: boolean | undefined;
  /** Where the manifest has `spec.power`, or would have it, such as `/etc/k8slab.d/nodes.yaml:12`. */
  readonly place?: string | undefined;
}

/** What happens until the guest is as it was asked for. */
export type PowerEvent =
  | { readonly type: 'asked'; readonly node: string; readonly verb: PowerVerb }
  /** The daemon did something, named as in `k8slab plan`. */
  | { readonly type: 'step'; readonly node: string; readonly action: string; readonly message: string }
  | { readonly type: 'waiting'; readonly node: string; readonly reason: string; readonly message: string }
  | { readonly type: 'failed'; readonly node: string; readonly reason: string; readonly message: string }
  | { readonly type: 'finished'; readonly node: string; readonly verb: PowerVerb; readonly seconds: number };

/** How others than k8slab go on with a guest that is neither on nor off. */
const RESUMED: Readonly<Record<string, string>> = {
  paused: 'virsh resume',
  pmsuspended: 'virsh dompmwakeup',
};

/**
 * What is to be remembered of what a person asks; undefined: the guest is as asked, or the manifest brings it about.
 * @throws ReasonedError Conflict: the manifest, or what the guest stands on, is against it
 */
export function powerRequest(
  node: ObjectOf<'Node'>,
  verb: PowerVerb,
  options: PowerOptions = {},
): PowerRequest | undefined {
  const { spec, status } = node;
  const refuse = (why: string, hint?: string): ReasonedError => refusal(node, verb, why, hint);
  if (isRemoved(node)) throw refuse('it is being removed');
  const wanted = verb === 'stop' ? 'Stopped' : 'Running';
  if (spec.power !== wanted) {
    const edit = `edit ${options.place ?? 'its manifest'}: spec.power: ${wanted}`;
    throw refuse(`its manifest says spec.power: ${spec.power}, and k8slabd keeps to it`, edit);
  }
  if (verb === 'stop') return undefined;
  const { state = '' } = status;
  const resumed = RESUMED[state];
  if (resumed !== undefined) throw refuse(`the guest is ${state}`, `${resumed} ${node.metadata.name}`);
  const on = state === 'running';
  if (verb === 'start' || state === 'shutoff' || state === 'crashed')
    return on ? undefined : { verb: 'start' };
  const missing = findCondition(status.conditions, 'DiskMissing');
  if (on && missing?.status === 'True') throw refuse(`the guest would not start again: ${missing.message}`);
  return { verb: 'restart', ...(options.force === true ? { force: true } : {}) };
}

function refusal(node: ObjectOf<'Node'>, verb: PowerVerb, why: string, hint?: string): ReasonedError {
  const message = `cannot ${verb} Node "${node.metadata.name}": ${why}`;
  return new ReasonedError('Conflict', message, hint === undefined ? {} : { hint });
}

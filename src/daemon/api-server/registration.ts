import { explainError, ReasonedError, reasonOf } from '../../api/errors.ts';
import { claimRefusal, holderIdentity, vmhostLease, type Holder } from '../../api/vmhost/claim.ts';
import type { Kube, KubeLease, KubeLeaseSpec, KubeObject } from '../../drivers/kube.ts';
import { microTime, type Clock, type Timer } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';

export interface RegistrationDeps {
  readonly kube: Pick<Kube, 'get' | 'create' | 'lease'>;
  readonly vmhost: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly me: Holder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after `refusal` became another. */
  readonly onChange: () => void;
}

/** This vmhost on the API server: its Vmhost, and the Lease that tells others that it is alive. */
export interface Registration {
  /** Why nothing may be done as this vmhost; undefined: it may. */
  refusal(): ReasonedError | undefined;
  /** Gives the Lease away. */
  stop(): Promise<void>;
}

const RENEW_MS = 10_000;
const DURATION_SECONDS = 30;
/** After what went wrong, and while another one has the name. */
const RETRY_MS = 2_000;

export function startRegistration(deps: RegistrationDeps): Registration {
  const { kube, vmhost, me, clock, log } = deps;
  const name = vmhostLease(vmhost);
  let refused: ReasonedError | undefined = new ReasonedError(
    'VmhostUnclaimed',
    `cannot act as Vmhost "${vmhost}": the API server has not said yet whether it is this one`,
  );
  let lease: KubeLease | undefined;
  let seenAt = -Infinity;
  let wasHeld = false;
  let isStopped = false;
  let problem: string | undefined;
  let timer: Timer = clock.setTimer(0, next);
  let running = Promise.resolve();

  function setRefused(now: ReasonedError | undefined): void {
    if (now?.message === refused?.message) return;
    refused = now;
    if (now === undefined) log.info({ vmhost }, 'acts as this Vmhost');
    else log.error({ vmhost, why: explainError(now) }, 'nothing is done as this Vmhost');
    deps.onChange();
  }

  async function registered(): Promise<KubeObject> {
    const found = await kube.get({ kind: 'Vmhost', name: vmhost });
    return (
      found ??
      (await kube.create({ kind: 'Vmhost', metadata: { name: vmhost, labels: deps.labels }, spec: {} }))
    );
  }

  async function turn(): Promise<void> {
    const isRenewed = await renewAtOnce();
    const machineID = machineIn(await registered());
    const found = isRenewed ? lease : await kube.lease.get(name);
    if (found?.resourceVersion !== lease?.resourceVersion) seenAt = clock.monotonic();
    lease = found;
    const now = claimRefusal({
      ...{ vmhost, me, wasHeld },
      isFresh: clock.monotonic() - seenAt < DURATION_SECONDS * 1000,
      ...(machineID === undefined ? {} : { machineID }),
      ...(found?.spec.holderIdentity === undefined ? {} : { holder: found.spec.holderIdentity }),
    });
    if (now === undefined && !isRenewed) await renew(found);
    setRefused(now);
  }

  /**
   * By one request, before anything else is asked: an API server with much to do answers late, and others would hold this vmhost to be
   * away. @returns false where somebody wrote the Lease since
   */
  async function renewAtOnce(): Promise<boolean> {
    if (refused !== undefined || lease === undefined) return false;
    try {
      await renew(lease);
      return true;
    } catch (error) {
      if (/^(Conflict|NotFound)$/.test(reasonOf(error))) return false;
      throw error;
    }
  }

  async function renew(found: KubeLease | undefined): Promise<void> {
    const spec = specFor(found?.spec);
    lease = await (found === undefined
      ? kube.lease.create(name, spec)
      : kube.lease.update(name, spec, found.resourceVersion));
    seenAt = clock.monotonic();
    wasHeld = true;
  }

  function specFor(before: KubeLeaseSpec = {}): KubeLeaseSpec {
    const now = microTime(clock.now());
    const identity = holderIdentity(me);
    const isOurs = before.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: DURATION_SECONDS,
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (isOurs ? 0 : 1),
    };
  }

  function next(): void {
    running = turn().then(
      () => {
        problem = undefined;
        again(refused === undefined ? RENEW_MS : RETRY_MS);
      },
      (error: unknown) => {
        tell(error);
        again(RETRY_MS);
      },
    );
  }

  function tell(error: unknown): void {
    const why = explainError(error);
    if (why !== problem) log.warn({ reason: reasonOf(error), why }, 'cannot renew the Lease of this vmhost');
    problem = why;
  }

  function again(ms: number): void {
    if (!isStopped) timer = clock.setTimer(ms, next);
  }

  return {
    refusal: () => refused,
    async stop() {
      isStopped = true;
      timer.cancel();
      await running;
      if (refused !== undefined || lease === undefined) return;
      const given = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 };
      await kube.lease.update(name, given, lease.resourceVersion).catch((error: unknown) => {
        log.debug({ why: explainError(error) }, 'did not give the Lease away: it runs out');
      });
    },
  };
}

function machineIn({ status }: KubeObject): string | undefined {
  const machineID = (status as { readonly machineID?: unknown } | null | undefined)?.machineID;
  return typeof machineID === 'string' && machineID !== '' ? machineID : undefined;
}

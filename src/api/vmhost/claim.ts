import { ReasonedError } from '../errors.ts';

/** Name of the Lease that says that a vmhost is alive. */
export function vmhostLease(vmhost: string): string {
  return `vmhost-${vmhost}`;
}

/** Which run of which boot of which machine it is. */
export interface Holder {
  readonly machineID: string;
  readonly bootID: string;
  /** Of this run of the daemon. */
  readonly runID: string;
}

export function holderIdentity({ machineID, bootID, runID }: Holder): string {
  return `${machineID}/${bootID}/${runID}`;
}

export interface ClaimInput {
  readonly vmhost: string;
  readonly me: Holder;
  /** The machine that the Vmhost's status names. */
  readonly machineID?: string;
  /** Who holds the Lease of the vmhost; '' after it was given away. */
  readonly holder?: string;
  /** Whether that Lease was renewed lately, as far as the own clock tells. */
  readonly isFresh: boolean;
  /** Whether this run held it before. */
  readonly wasHeld: boolean;
}

/**
 * Why this daemon may not act for the vmhost; undefined: it may take its Lease. A daemon that was killed is followed at once by the
 * next one of the same boot; whoever finds its Lease taken has another daemon of its name beside it.
 */
export function claimRefusal(input: ClaimInput): ReasonedError | undefined {
  const { vmhost, me, machineID = me.machineID, holder = '', isFresh, wasHeld } = input;
  if (machineID !== me.machineID) {
    const hint = `if this machine takes its place: kubectl delete vmhost ${vmhost}; else set source.name in k8slabd.yaml`;
    const message = `cannot act as Vmhost "${vmhost}": it is another machine (${machineID}; this one is ${me.machineID})`;
    return new ReasonedError('VmhostTaken', message, { hint });
  }
  if (!isFresh || holder === '' || holder === holderIdentity(me)) return undefined;
  if (!wasHeld && holder.startsWith(`${me.machineID}/${me.bootID}/`)) return undefined;
  const hint = `end the other one, or set source.name and another /etc/machine-id on one of them`;
  const message = `cannot act as Vmhost "${vmhost}": another daemon does, and holds its Lease (${holder})`;
  return new ReasonedError('VmhostTaken', message, { hint });
}

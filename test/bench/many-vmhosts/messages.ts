/** A vmhost that a worker plays. */
export interface PlayedVmhost {
  readonly name: string;
  readonly kubeconfig: string;
  /** Where the others reach it. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a worker is asked; each is answered by an `Answer` of the same number. */
export type Question =
  | { readonly ask: 'start'; readonly vmhosts: readonly PlayedVmhost[] }
  /** From now on all other processes have the machine before it. */
  | { readonly ask: 'yield' }
  /** From now on each call that changes libvirt is told, or no longer. */
  | { readonly ask: 'tell'; readonly isOn: boolean }
  | { readonly ask: 'usage' }
  | { readonly ask: 'stop' };

/** What the daemons of a worker have used since it began. */
export interface Usage {
  /** Without what plays their guests. */
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  /** Requests to the API server: `verb Kind`, such as `list Node`. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface Answer {
  readonly id: number;
  readonly usage?: Usage;
  readonly failure?: string;
}

/** A call that changes libvirt. */
export interface Called {
  readonly vmhost: string;
  readonly call: string;
  /** The first argument: a name, or a document. */
  readonly about: string;
  /** `now()` of the machine. */
  readonly at: number;
}

/** Milliseconds by the one clock that all processes of the machine have. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

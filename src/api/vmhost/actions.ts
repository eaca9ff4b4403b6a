import type { Step } from '../disruption/step.ts';

export type VmhostAction = Step & {
  readonly type: 'WriteFile';
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Networks whose dnsmasq reads that file too, but only when told to. */
  readonly reload: readonly string[];
};

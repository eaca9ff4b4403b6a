import type { Step } from '../disruption/step.ts';

export type LoadBalancerAction = Step &
  (
    | { readonly type: 'InstallHAProxy' }
    | { readonly type: 'LabelPorts'; readonly ports: readonly number[] }
    | { readonly type: 'ApplyConfig'; readonly sha256: string }
    | { readonly type: 'EnableHAProxy' }
    | { readonly type: 'StartHAProxy' }
    | { readonly type: 'ReloadHAProxy' }
  );

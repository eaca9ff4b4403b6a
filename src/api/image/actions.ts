import type { Step } from '../disruption/step.ts';

export interface ImageFetch {
  readonly source: string;
  readonly checksum?: string;
  readonly format?: 'qcow2' | 'raw';
}

export type ImageAction = Step &
  ({ readonly type: 'AbortFetch' } | { readonly type: 'FetchImage'; readonly fetch: ImageFetch });

/** What is done for an Image whose manifest is gone; `forget`: no file of it stays. */
export type ImageRemovalAction = Step &
  (
    | { readonly type: 'AbortFetch' }
    | { readonly type: 'RemoveImage'; readonly files: readonly string[]; readonly forget: boolean }
  );

import type { ObjectStatus } from '../meta.ts';
import type { VmhostState } from '../kinds/vmhost-states.ts';
import type { ImageSpec } from './spec.ts';

export interface ImageStatus extends ObjectStatus {
  readonly path?: string;
  readonly format?: 'qcow2' | 'raw';
  /** Of the unpacked image. */
  readonly sha256?: string;
  /** Bytes. */
  readonly virtualSize?: number;
  readonly vmhosts?: readonly VmhostState[];
}

declare module '../meta.ts' {
  interface KindMap {
    Image: { spec: ImageSpec; status: ImageStatus };
  }
}

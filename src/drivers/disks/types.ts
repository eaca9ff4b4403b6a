import type { ImageFormat } from '../images/types.ts';

export interface DiskInfo {
  format: string;
  /** Bytes that a guest sees. */
  virtualSize: number;
  /** Bytes taken on the file system. */
  actualSize: number;
  /** Absolute path of the backing file. */
  backing?: string;
}

export interface DiskState {
  path: string;
  exists: boolean;
  /** k8slab's marker lies beside it. */
  ours: boolean;
  /** It exists and qemu-img can read it. */
  whole: boolean;
  info?: DiskInfo;
}

export interface DiskSource {
  path: string;
  format: ImageFormat;
}

export interface OverlayRequest {
  node: string;
  backing: DiskSource;
  /** Bytes; that of the backing file when left out. */
  size?: number | undefined;
}

export interface CopyRequest {
  node: string;
  source: DiskSource;
  /** Bytes; that of the source when left out. */
  size?: number | undefined;
  onProgress?: ((progress: { bytes: number; total: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface AdoptRequest {
  node: string;
  /** A finished qcow2 in the disks' directory, such as `freshTempPath(node)`. */
  tempPath: string;
  /** What it was copied from, for the marker. */
  source: string;
  /** Bytes; grown to it when larger. */
  size?: number | undefined;
}

/** The nodes' disks, `DIR/NODE.qcow2`, each with a marker `DIR/NODE.json` that says it is k8slab's. */
export interface Disks {
  path(node: string): string;
  /** Where a copy is made before `adoptCopy`: in the same directory, where no leftover of a broken copy lies. */
  freshTempPath(node: string): Promise<string>;
  observe(node: string): Promise<DiskState>;
  /**
   * Makes the node's disk as a qcow2 overlay; leaves a whole disk of ours as it is.
   * Reasons: ImageMissing, DiskTooSmall, DiskNotOurs, DiskDamaged, NoSpace, PermissionDenied, IoError.
   */
  createOverlay(request: OverlayRequest): Promise<DiskInfo>;
  /** Makes the node's disk as a full qcow2 copy. Reasons: as createOverlay, DiskMissing, DiskInUse, Aborted. */
  createCopy(request: CopyRequest): Promise<DiskInfo>;
  /** Gives a finished copy its final name. Reasons: as createOverlay. */
  adoptCopy(request: AdoptRequest): Promise<DiskInfo>;
  /** Grows the node's disk; only while no guest uses it. Reasons: DiskNotOurs, DiskMissing, DiskInUse, NoSpace. */
  grow(node: string, size: number): Promise<void>;
  /**
   * Of any disk file, also one in use. Give the format where it is known: a guest can make a raw disk look like
   * another format. Reasons: DiskMissing, DiskDamaged, PermissionDenied.
   */
  info(path: string, format?: string): Promise<DiskInfo>;
  /** Removes the node's disk and leftovers; false when there was none. Reason: DiskNotOurs. */
  remove(node: string): Promise<boolean>;
}

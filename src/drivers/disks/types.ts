import type { ImageFormat } from '../images/types.ts';

export interface DiskInfo {
  format: string;
  /** Bytes that a guest sees. */
  virtualSize: number;
  /** Bytes taken on the file system. */
  actualSize: number;
  /** Absolute path of the backing file. */
  backing?: string;
  /** A file that it stands on, directly or not, and that is not there: no guest starts from it. */
  lacks?: string;
}

/** What a disk was made from, by the names of its manifest. */
export interface DiskOrigin {
  image?: string | undefined;
  /** Of the image's content. */
  sha256?: string | undefined;
  /** The Node it is a copy of. */
  cloneOf?: string | undefined;
}

export interface DiskState {
  path: string;
  exists: boolean;
  /** k8slab's marker lies beside it. */
  ours: boolean;
  /** It exists, and qemu-img can read it if it is ours; one that is not ours is not looked into. */
  whole: boolean;
  info?: DiskInfo;
  /** Undefined: an earlier version of k8slab made it. */
  origin?: DiskOrigin;
  /** Hash of what cloud-init was told at the first boot from it. */
  firstBoot?: string;
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
  origin?: DiskOrigin | undefined;
}

export interface CopyRequest {
  node: string;
  source: DiskSource;
  /** Bytes; that of the source when left out. */
  size?: number | undefined;
  origin?: DiskOrigin | undefined;
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
  origin?: DiskOrigin | undefined;
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
  /** Removes what a copy that was given up has left. */
  discardTemp(node: string): Promise<void>;
  /** Whether a copy that nobody makes any more has left something. */
  hasTemp(node: string): Promise<boolean>;
  /** The nodes of which there are such leftovers. */
  leftovers(): Promise<readonly string[]>;
  /** Writes down what cloud-init is told at the first boot from the node's disk; what was written before stays. */
  noteFirstBoot(node: string, hash: string): Promise<void>;
  /**
   * Of any disk file, also one in use. Give the format where it is known: without it one is guessed, but none that
   * names other files, since a guest can write such a header into a raw disk.
   * Reasons: DiskMissing, StorageMissing, DiskDamaged, DiskFormatUnknown, PermissionDenied.
   */
  info(path: string, format?: string): Promise<DiskInfo>;
  /**
   * The file and all that it stands on, by their real paths; empty when there is no such file. Reasons: as info. What
   * cannot be read may stand on anything.
   */
  chain(path: string, format?: string): Promise<readonly string[]>;
  /** Every file in the directory that may be a disk, whoever made it. */
  list(): Promise<readonly string[]>;
  /** Removes the node's disk and leftovers; false when there was none. Reason: DiskNotOurs. */
  remove(node: string): Promise<boolean>;
}

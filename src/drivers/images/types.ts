export type ImageFormat = 'qcow2' | 'raw';

export interface ImageRequest {
  name: string;
  /** An absolute path or an http(s) URL. */
  source: string;
  /** `sha256:HEX` or `sha512:HEX` over the source as fetched, or the URL of a file that lists it. */
  checksum?: string | undefined;
  /** What the unpacked image must be; found out when left out. */
  format?: ImageFormat | undefined;
}

export interface StoredImage {
  name: string;
  source: string;
  checksum?: string;
  /** Never changed afterwards: new content is a new file. */
  path: string;
  /** Of the unpacked file, hex. */
  sha256: string;
  format: ImageFormat;
  /** Bytes that a guest sees. */
  virtualSize: number;
  /** Bytes of the file (its length, holes included). */
  size: number;
  /** For a file `size:mtimeMs:inode`, for a URL its ETag or Last-Modified, '' when the server gives neither. */
  sourceIdentity: string;
}

export interface ImageProgress {
  phase: 'Copying' | 'Downloading' | 'Unpacking' | 'Verifying';
  bytes: number;
  total?: number;
}

export interface FetchOptions {
  /** Called for every piece: throttle it. */
  onProgress?: ((progress: ImageProgress) => void) | undefined;
  /** Called with what failed each time before it is tried again. */
  onRetry?: ((error: Error) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImageStore {
  /** The image kept under this name, undefined when there is none or its file is not what was stored. */
  find(name: string): Promise<StoredImage | undefined>;
  /**
   * Gets the source, checks it, unpacks it and keeps it; a broken download goes on where it stopped.
   * Reasons: SourceNotFound, SourceUnreachable, PermissionDenied, ChecksumMismatch, ChecksumNotFound, NotAnImage, CorruptImage,
   * FormatMismatch, UnsafeImage, ImageTooLarge, SourceChanged, NoSpace, CommandNotFound, Aborted, IoError.
   */
  fetch(request: ImageRequest, options?: FetchOptions): Promise<StoredImage>;
  /** What is kept under the name: its files, older contents too, and whether anything else is noted about it. */
  leftovers(name: string): Promise<{ files: string[]; known: boolean }>;
  /** Removes these files of an image; `forget`: with all that is noted about it, and what is left of downloads. */
  remove(name: string, what: { files: readonly string[]; forget: boolean }): Promise<void>;
}

export interface ManifestFile {
  path: string;
  text: string;
}

/** A file that could not be read; its last good content stays in force. */
export interface UnreadableFile {
  path: string;
  error: Error;
}

export interface ManifestListing {
  /** Sorted by path. */
  files: (ManifestFile | UnreadableFile)[];
}

export interface ManifestDir {
  /** What the directory holds now. Reason: DirectoryUnavailable, which says nothing about its files. */
  list(): Promise<ManifestListing>;
  /** Calls `onHint` when the directory may have changed, and every relistMs. */
  watch(onHint: () => void): { dispose(): Promise<void> };
}

export interface WriteOptions {
  /** Permission bits; those of the existing file, else 0644, when left out. */
  mode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** The text of a file, undefined when there is none. */
export function readIfExists(path: string): Promise<string | undefined> {
  throw new Error(`not yet: ${path}`);
}

/** Writes a file whole or not at all; false when content, mode and owner were already so. */
export function writeAtomic(
  path: string,
  content: string | Buffer,
  options: WriteOptions = {},
): Promise<boolean> {
  throw new Error(`not yet: ${path} ${content.length} ${Object.keys(options).length}`);
}

/** Removes a file; false when there was none. */
export function removeIfExists(path: string): Promise<boolean> {
  throw new Error(`not yet: ${path}`);
}

/** Makes a directory and its parents; `mode` holds for the last one, which is corrected when it differs. */
export function ensureDir(path: string, mode = 0o755): Promise<void> {
  throw new Error(`not yet: ${path} ${mode}`);
}

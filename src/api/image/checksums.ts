const DIGEST_NAMES: Readonly<Record<number, string>> = { 64: 'sha256', 128: 'sha512' };

/** The name that a file of checksums lists a source under: the last part of its path. */
export function fileNameOf(source: string): string {
  const path = URL.canParse(source) ? decodePath(new URL(source).pathname) : source;
  return path.slice(path.lastIndexOf('/') + 1);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * What a file such as SHA256SUMS or CHECKSUM says of one of its files, as `sha512:HEX` or `sha256:HEX`, the longer one
 * where it has both. Undefined where it says nothing, or several things.
 * @param text lines of `HEX  NAME`, `HEX *NAME` or `SHA256 (NAME) = HEX`; whatever else is in it (comments, a signature
 *   around it) is passed over
 */
export function findChecksum(text: string, fileName: string): string | undefined {
  const found = new Set(text.split('\n').flatMap((line) => checksumIn(line.trim(), fileName)));
  for (const algorithm of ['sha512:', 'sha256:']) {
    const [first, second] = [...found].filter((checksum) => checksum.startsWith(algorithm));
    if (first !== undefined) return second === undefined ? first : undefined;
  }
  return undefined;
}

function checksumIn(line: string, fileName: string): string[] {
  const bsd = /^SHA(?:256|512) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$/.exec(line);
  const gnu = /^([0-9A-Fa-f]+)[ \t]+\*?(?:\.\/)?([^ \t].*)$/.exec(line);
  const [name, hex = ''] = bsd === null ? [gnu?.[2], gnu?.[1]] : [bsd[1], bsd[2]];
  const algorithm = DIGEST_NAMES[hex.length];
  return name === fileName && algorithm !== undefined ? [`${algorithm}:${hex.toLowerCase()}`] : [];
}

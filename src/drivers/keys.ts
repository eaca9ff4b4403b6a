export interface KeyPair {
  /** OpenSSH PEM. */
  privateKey: string;
  /** `ssh-ed25519 AAAA… comment`, no line end. */
  publicKey: string;
}

/** A new ed25519 key pair. */
export function generateKeyPair(comment: string): KeyPair {
  throw new Error(`not yet: ${comment}`);
}

/** The key pair at `path` and `path.pub`, made when there is none. Reasons: InsecurePermissions, InvalidKey. */
export function ensureIdentity(path: string, comment: string): Promise<KeyPair> {
  throw new Error(`not yet: ${path} ${comment}`);
}

/** The guest's host key, `DIR/NODE_ed25519`, made when there is none. Reasons as ensureIdentity. */
export function ensureHostKey(dir: string, node: string): Promise<KeyPair> {
  throw new Error(`not yet: ${dir} ${node}`);
}

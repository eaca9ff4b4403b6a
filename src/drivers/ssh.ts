export interface SshTarget {
  address: string;
  port?: number | undefined;
  user: string;
  /** Public key lines (`ssh-ed25519 AAAA…`) of which the guest must have one. */
  hostKeys: readonly string[];
}

export interface SshExecOptions {
  /** For the whole call: waiting for a place, connecting, running. */
  deadlineMs?: number | undefined;
  /** Bytes of stdout and of stderr. */
  maxOutput?: number | undefined;
  input?: string | Buffer | undefined;
  signal?: AbortSignal | undefined;
}

export interface SshResult {
  /** Exit code; 128 + n for a command ended by signal n. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Ssh {
  /**
   * Runs a command in a guest; a code other than 0 is a result, not an error.
   * Reasons: HostKeyMismatch, AuthenticationFailed, Unreachable, DeadlineExceeded, OutputTooLarge, Aborted.
   */
  exec(target: SshTarget, argv: readonly string[], options?: SshExecOptions): Promise<SshResult>;
  /** Ends all connections; calls under way fail with Aborted. */
  dispose(): Promise<void>;
}

/** `SHA256:…` of a public key line, as ssh-keygen prints it. */
export function fingerprint(publicKeyLine: string): string {
  throw new Error(`not yet: ${publicKeyLine}`);
}

export interface SshTarget {
  address: string;
  port?: number | undefined;
  user: string;
  /** Public key lines (`ssh-ed25519 AAAA…`) of which the guest must have one. */
  hostKeys: readonly string[];
}

export interface SshExecOptions {
  /** Milliseconds for the whole call: connecting, waiting for a place, running. Default 30 s. */
  deadlineMs?: number | undefined;
  /** Bytes of stdout and of stderr, each. Default 1 MiB. */
  maxOutput?: number | undefined;
  input?: string | Buffer | undefined;
  signal?: AbortSignal | undefined;
  /** Called with what it prints while it runs. */
  onStdout?: ((text: string) => void) | undefined;
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
   * Reasons: HostKeyMismatch, AuthenticationFailed, Unreachable, DeadlineExceeded, OutputTooLarge, Aborted, InvalidKey.
   */
  exec(target: SshTarget, argv: readonly string[], options?: SshExecOptions): Promise<SshResult>;
  /** Whether it takes a TCP connection: a sign of life that costs the guest no login. Rejects only when aborted. */
  answers(
    target: Pick<SshTarget, 'address' | 'port'>,
    options: { deadlineMs: number; signal?: AbortSignal | undefined },
  ): Promise<boolean>;
  /** Ends all connections; calls under way fail with Aborted. */
  dispose(): Promise<void>;
}

export interface SshOptions {
  /** The private key to log in with, as OpenSSH PEM. */
  identity: () => Promise<string>;
  /** Milliseconds until a guest that does not greet or let us in is Unreachable. */
  connectTimeoutMs?: number;
  /** Milliseconds between two questions whether the guest is still there; three unanswered end the connection. */
  keepaliveMs?: number;
  /** Milliseconds without a command until a connection is closed. */
  idleMs?: number;
  /** Milliseconds until a connection gives way to a new one, which shows the host key anew. */
  maxAgeMs?: number;
  /** Commands at once over one connection; OpenSSH takes 10. */
  maxSessions?: number;
  /** Milliseconds that a guest has to end a command given up; then its connection is given up too. */
  graceMs?: number;
  /** Told how long a command waited for its connection and for a free session there. */
  onWait?: (seconds: number) => void;
}

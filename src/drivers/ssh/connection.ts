import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import { ReasonedError, toError } from '../../api/errors.ts';
import { expectHostKeys } from './host-keys.ts';
import type { HostKeys } from './host-keys.ts';
import { createPlaces } from './places.ts';
import { createRunner } from './runner.ts';
import { ChannelRefused } from './run.ts';
import type { Run, RunOptions } from './run.ts';
import type { SshOptions, SshTarget } from './types.ts';

export interface ConnectionOptions extends Required<Omit<SshOptions, 'identity' | 'onWait'>> {
  target: SshTarget;
  privateKey: string;
  /** No command will be taken any more: the connection failed, was idle or is of no use. */
  onRetired: () => void;
}

export interface Connection {
  /** Settles when the guest has let us in. */
  ready: Promise<void>;
  /** Settles when the socket is closed; never rejects. */
  closed: Promise<void>;
  /** Waits for a place and starts a command. Rejects with ChannelRefused where the guest opens no session at all. */
  start(command: string, options: RunOptions, signal: AbortSignal): Promise<Run>;
  /** Ends it at once; what runs on it fails with the error. */
  close(error: Error): void;
}

/** Opens one connection to a guest. Throws InvalidKey. */
export function connect(options: ConnectionOptions): Connection {
  const { target, idleMs, maxAgeMs, graceMs } = options;
  const hostKeys = expectHostKeys(target);
  const ready = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<undefined>();
  const places = createPlaces(options.maxSessions, { onIdle: rest });
  const client = new ssh2.Client();
  const runner = createRunner({ client, places, graceMs, retire });
  let retired = false;
  let idle: NodeJS.Timeout | undefined;
  let aged: NodeJS.Timeout | undefined;

  function retire(): void {
    if (retired) return;
    retired = true;
    clearTimeout(aged);
    options.onRetired();
    places.fail(new ChannelRefused('the connection is about to end'));
    if (places.used() === 0) shut();
  }

  function rest(): void {
    if (retired) shut();
    else idle = setTimeout(retire, idleMs);
  }

  /** Says goodbye; a guest that does not answer is hung up on. */
  function shut(): void {
    client.end();
    if (socket.closed) return;
    const timer = setTimeout(() => socket.destroy(), graceMs);
    socket.once('close', () => clearTimeout(timer));
  }

  function fail(error: Error): void {
    clearTimeout(idle);
    ready.reject(error);
    places.fail(error);
    runner.fail(error);
    retire();
  }

  const socket = connectTcp({ host: target.address, port: target.port ?? 22, noDelay: true });
  client.on('ready', () => {
    // Over a connection that stays open nobody notices that the guest has another host key.
    if (!retired) aged = setTimeout(retire, maxAgeMs);
    ready.resolve(undefined);
    if (places.used() === 0) rest();
  });
  client.on('error', (error) => fail(hostKeys.mismatch(error) ?? explain(target, error)));
  client.on('close', () => {
    fail(unreachable(target, 'it closed the connection'));
    closed.resolve(undefined);
  });
  ready.promise.catch(() => undefined);
  logIn(client, socket, options, hostKeys);
  return {
    ready: ready.promise,
    closed: closed.promise,
    start: async (command, runOptions, signal) => {
      signal.throwIfAborted();
      clearTimeout(idle);
      return runner.start(command, runOptions, signal);
    },
    close: (error) => {
      fail(error);
      client.end();
      socket.destroy();
    },
  };
}

function logIn(client: ssh2.Client, socket: Socket, options: ConnectionOptions, hostKeys: HostKeys): void {
  try {
    client.connect({ ...clientConfig(options, hostKeys), sock: socket });
  } catch (error) {
    socket.destroy();
    const { address } = options.target;
    throw new ReasonedError('InvalidKey', `cannot log in to guest "${address}": ${toError(error).message}`, {
      cause: error,
    });
  }
}

function clientConfig(options: ConnectionOptions, hostKeys: HostKeys): ssh2.ConnectConfig {
  return {
    username: options.target.user,
    privateKey: options.privateKey,
    authHandler: ['publickey'],
    readyTimeout: options.connectTimeoutMs,
    keepaliveInterval: options.keepaliveMs,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: hostKeys.algorithms },
    hostVerifier: (key: Buffer) => hostKeys.accept(key),
  };
}

function explain(target: SshTarget, error: Error & { level?: string }): ReasonedError {
  if (error.level !== 'client-authentication') return unreachable(target, error.message, error);
  const { address, user } = target;
  return new ReasonedError(
    'AuthenticationFailed',
    `cannot log in to guest "${address}" as ${user}: it refuses our key`,
    {
      cause: error,
      hint: `see whether cloud-init made ${user} and gave it the daemon's public key`,
    },
  );
}

/** The guest does not answer, or not as an SSH server does. */
export function unreachable({ address }: SshTarget, why: string, cause?: unknown): ReasonedError {
  return new ReasonedError('Unreachable', `cannot reach guest "${address}" by SSH: ${why}`, { cause });
}

import { constants } from 'node:os';
import type { Client, ClientChannel } from 'ssh2';
import { ReasonedError } from '../../api/errors.ts';
import type { SshResult } from './types.ts';

export interface RunOptions {
  address: string;
  maxOutput: number;
  input: string | Buffer | undefined;
  onStdout: ((text: string) => void) | undefined;
}

export interface Run {
  /** Settles when the command has started; rejects, with ChannelRefused where another try is harmless. */
  started: Promise<void>;
  result: Promise<SshResult>;
  /** Settles when the session has ended on both sides; never rejects. */
  closed: Promise<void>;
  /** Kills the command and closes its session; `started` and `result` reject with the error. */
  stop(error: Error): void;
}

/** The guest opens no further session on this connection; nothing was run. */
export class ChannelRefused extends Error {
  override readonly name = 'ChannelRefused';
}

/** Starts a command on a connection that is up. */
export function run(client: Client, command: string, options: RunOptions): Run {
  const started = Promise.withResolvers<undefined>();
  const result = Promise.withResolvers<SshResult>();
  const closed = Promise.withResolvers<undefined>();
  let channel: ClientChannel | undefined;
  let stopped = false;

  function fail(error: Error): void {
    started.reject(error);
    result.reject(error);
  }

  function stop(error: Error): void {
    stopped = true;
    fail(error);
    if (channel !== undefined) kill(client, channel);
  }

  function begin(opened: ClientChannel): void {
    channel = opened;
    const ended = attend(opened, options, stop);
    ended.then(result.resolve, result.reject);
    void ended.catch(() => undefined).then(() => closed.resolve(undefined));
    started.resolve(undefined);
    if (stopped) kill(client, opened);
    else opened.end(options.input ?? '');
  }

  for (const promise of [started.promise, result.promise]) promise.catch(() => undefined);
  try {
    client.exec(command, (error, opened) => {
      if (error === undefined) begin(opened);
      else {
        fail(refusal(error));
        closed.resolve(undefined);
      }
    });
  } catch (error) {
    // ssh2 throws "Not connected" where the connection is gone already.
    fail(new ChannelRefused('not connected', { cause: error }));
    closed.resolve(undefined);
  }
  return { started: started.promise, result: result.promise, closed: closed.promise, stop };
}

function refusal(error: Error): Error {
  return error.message.includes('Channel open failure')
    ? new ChannelRefused(error.message, { cause: error })
    : error;
}

/** Collects output until the session is closed. */
function attend(
  channel: ClientChannel,
  { address, maxOutput, onStdout }: RunOptions,
  stop: (error: Error) => void,
): Promise<SshResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SshResult>();
  let code: number | undefined;
  function tooLarge(): void {
    stop(new ReasonedError('OutputTooLarge', `cannot run command on guest "${address}": it prints too much`));
  }
  if (onStdout !== undefined) channel.on('data', decoded(onStdout));
  const stdout = collect(channel, maxOutput, tooLarge);
  const stderr = collect(channel.stderr, maxOutput, tooLarge);
  channel.on('error', () => undefined); // EPIPE of the input; 'close' follows
  channel.stderr.on('error', () => undefined);
  channel.on('exit', (status: number | null, signal?: string) => {
    code = status ?? 128 + signalNumber(signal);
  });
  channel.on('close', () => {
    if (code === undefined) reject(new Error('the session was closed without a result'));
    else resolve({ code, stdout: stdout(), stderr: stderr() });
  });
  return promise;
}

function signalNumber(name: string | undefined): number {
  const signals: Readonly<Record<string, number>> = constants.signals;
  return signals[`SIG${(name ?? '').replace(/^SIG/, '')}`] ?? 0;
}

/** Chunks may end within a character. */
function decoded(onText: (text: string) => void): (chunk: Buffer) => void {
  const decoder = new TextDecoder();
  return (chunk) => onText(decoder.decode(chunk, { stream: true }));
}

function collect(stream: NodeJS.ReadableStream, max: number, tooLarge: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= max) chunks.push(chunk);
    else if (size - chunk.length <= max) tooLarge();
  });
  return () => Buffer.concat(chunks).toString();
}

/** What ssh2 has inside, for channel.signal() sends nothing once the input has ended. */
interface Internals {
  _protocol?: { signal?: (id: number, name: string) => void };
}

/** OpenSSH lets a command whose session is closed go on, and counts it, until it is killed; root's cannot be. */
function kill(client: Client, channel: ClientChannel): void {
  try {
    const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing;
    (client as unknown as Internals)._protocol?.signal?.(id, 'KILL');
    channel.close();
  } catch {
    // it is gone already
  }
}

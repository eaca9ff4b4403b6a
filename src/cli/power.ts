import { explainError, ReasonedError } from '../api/errors.ts';
import type { PowerEvent, PowerVerb } from '../api/node/power.ts';
import type { Client } from './client.ts';
import { nodeName } from './guest.ts';

export interface PowerFlags {
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly force?: boolean;
}

export interface PowerRun {
  readonly flags: PowerFlags;
  readonly print: (line: string) => void;
  /** What was refused or failed. */
  readonly complain: (line: string) => void;
}

/** Asks the daemon for it, guest by guest, and prints how it goes. @returns the exit code: 1 when one was not done */
export async function power(
  client: Client,
  verb: PowerVerb,
  nodes: readonly string[],
  run: PowerRun,
): Promise<0 | 1> {
  let code: 0 | 1 = 0;
  for (const node of nodes) {
    const done = await powerOne(client, verb, nodeName(node), run).catch((error: unknown) => {
      run.complain(explainError(error));
      return false;
    });
    if (!done) code = 1;
  }
  return code;
}

async function powerOne(client: Client, verb: PowerVerb, node: string, run: PowerRun): Promise<boolean> {
  const { flags, print, complain } = run;
  let last: PowerEvent | undefined;
  const { wait, timeout: timeoutSeconds, force } = flags;
  const body = { wait, timeoutSeconds, ...(force === true ? { force } : {}) };
  await client.stream(`nodes/${encodeURIComponent(node)}/${verb}`, body, (line) => {
    last = JSON.parse(line) as PowerEvent;
    const say = last.type === 'failed' ? complain : print;
    say(`${node}: ${eventLine(last)}`);
  });
  if (last?.type === 'finished' || (!wait && last?.type === 'asked')) return true;
  if (last?.type === 'failed') return false;
  throw new ReasonedError('Interrupted', 'k8slabd went away before it was done');
}

const ASKED: Readonly<Record<PowerVerb, string>> = {
  restart: 'restart asked for',
  start: 'start asked for',
  stop: 'its manifest says spec.power: Stopped',
};
const DONE: Readonly<Record<PowerVerb, string>> = {
  restart: 'restarted, Ready',
  start: 'started, Ready',
  stop: 'off',
};

function eventLine(event: PowerEvent): string {
  switch (event.type) {
    case 'asked':
      return ASKED[event.verb];
    case 'step':
      return `${event.action}: ${event.message}`;
    case 'waiting':
      return `${event.reason}: ${event.message}`;
    case 'failed':
      return `not done: ${event.reason}: ${event.message}`;
    case 'finished':
      return `${DONE[event.verb]} after ${event.seconds} s`;
  }
}

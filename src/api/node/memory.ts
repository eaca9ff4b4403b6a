import type { AddressTry, KnownAutostart, ObservedNode } from './observed.ts';
import type { PowerRequest } from './power.ts';

/** What the daemon remembers of a Node's guest. Times are monotonic milliseconds; a restart of the daemon forgets all. */
export interface NodeMemory {
  /** Its last start, while it is on its way up. */
  readonly bootedAt?: number;
  /** Starts in vain, since it was last Ready or asked to go down. */
  readonly starts?: { readonly count: number; readonly at: number; readonly failure?: string };
  /** When it was first and last asked to shut down. */
  readonly stopping?: { readonly first: number; readonly last: number };
  /** It was seen running, and was not asked to go down since. */
  readonly ran?: true;
  /** What a person asked for, until it is done. */
  readonly asked?: PowerRequest;
  /** The role whose turn to be disrupted it has. */
  readonly turn?: string;
  /** Of a guest that others made: what its definition had when it last had one. */
  readonly autostart?: KnownAutostart;
  /** Nothing of a copy that an earlier run of the daemon broke off is left. */
  readonly tidy?: true;
  /** The last tries to make it take its address, and to give it its definition by a restart. */
  readonly tries?: { readonly address?: Try; readonly definition?: Try };
}

interface Try {
  readonly way: AddressTry['way'];
  /** What the try was to mend: for another cause it counts as never made. */
  readonly about: string;
  readonly at: number;
}

const FIRST_BACKOFF_SECONDS = 5;
const LONGEST_BACKOFF_SECONDS = 300;
/** A guest that is not up by then no longer keeps others from booting. */
const SLOT_SECONDS = 600;

/** Its start is what was asked for, if anything was. */
export function starting(memory: NodeMemory, now: number): NodeMemory {
  const { stopping: _over, asked: _done, ...rest } = memory;
  return { ...rest, bootedAt: now, starts: { count: (memory.starts?.count ?? 0) + 1, at: now } };
}

/** libvirt refused to start it. */
export function startFailed(memory: NodeMemory, failure: string, now: number): NodeMemory {
  const { bootedAt: _over, ...rest } = memory;
  const { count = 1, at = now } = memory.starts ?? {};
  return { ...rest, starts: { count, at, failure } };
}

/** A person asks for it. A start begins anew, whatever made the guest stop and its starts fail. */
export function asking(memory: NodeMemory, asked: PowerRequest): NodeMemory {
  if (asked.verb === 'restart') return { ...memory, asked };
  const { ran: _ran, starts: _starts, ...rest } = memory;
  return { ...rest, asked };
}

/** How far the guest has come towards what was asked: off is half of a restart. */
export function answering(
  memory: NodeMemory,
  guest: { readonly on: boolean; readonly off: boolean },
): NodeMemory {
  const { asked, ...rest } = memory;
  if (asked?.verb === 'restart' && guest.off) return { ...rest, asked: { verb: 'start' } };
  return asked?.verb === 'start' && guest.on ? rest : memory;
}

/** Its manifest is against it by now. */
export function unasked(memory: NodeMemory): NodeMemory {
  if (memory.asked === undefined) return memory;
  const { asked: _dropped, ...rest } = memory;
  return rest;
}

/** It is Ready: its slot is free, its failures are forgotten. */
export function arrived(memory: NodeMemory): NodeMemory {
  if (memory.bootedAt === undefined && memory.starts === undefined) return memory;
  const { bootedAt: _slot, starts: _failures, ...rest } = memory;
  return rest;
}

/** It is off: its slot is free. */
export function stopped(memory: NodeMemory): NodeMemory {
  if (memory.bootedAt === undefined && memory.stopping === undefined) return memory;
  const { bootedAt: _slot, stopping: _over, ...rest } = memory;
  return rest;
}

/** It runs, and nobody asks it to go down. */
export function runs(memory: NodeMemory): NodeMemory {
  if (memory.ran === true && memory.stopping === undefined) return memory;
  const { stopping: _over, ...rest } = memory;
  return { ...rest, ran: true };
}

/** It is asked to shut down: that it goes is no failure. */
export function stopping(memory: NodeMemory, now: number): NodeMemory {
  const { ran: _ran, starts: _starts, ...rest } = memory;
  return { ...rest, stopping: { first: memory.stopping?.first ?? now, last: now } };
}

/** Its definition was seen, with or without autostart. What is owed stays so until it is paid. */
export function autostartSeen(memory: NodeMemory, on: boolean): NodeMemory {
  const seen = on ? 'on' : 'off';
  const owed = memory.autostart === 'owed' && !on;
  return owed || memory.autostart === seen ? memory : { ...memory, autostart: seen };
}

export function autostartOwed(memory: NodeMemory): NodeMemory {
  return { ...memory, autostart: 'owed' };
}

/** What is left of a copy was looked for, and there is nothing. */
export function tidied(memory: NodeMemory): NodeMemory {
  return memory.tidy === true ? memory : { ...memory, tidy: true };
}

export function turnTaken(memory: NodeMemory, role: string): NodeMemory {
  return { ...memory, turn: role };
}

export function turnDone(memory: NodeMemory): NodeMemory {
  if (memory.turn === undefined) return memory;
  const { turn: _done, ...rest } = memory;
  return rest;
}

export function tried(memory: NodeMemory, subject: 'address' | 'definition', attempt: Try): NodeMemory {
  return { ...memory, tries: { ...memory.tries, [subject]: attempt } };
}

/** What it was tried for is mended. */
export function mended(memory: NodeMemory, subject: 'address' | 'definition'): NodeMemory {
  if (memory.tries?.[subject] === undefined) return memory;
  const { [subject]: _mended, ...rest } = memory.tries;
  return { ...memory, tries: rest };
}

/** @param about left out: whatever it was about */
export function lastTry(
  memory: NodeMemory,
  subject: 'address' | 'definition',
  { about, now }: { readonly about?: string | undefined; readonly now: number },
): AddressTry | undefined {
  const found = memory.tries?.[subject];
  if (found === undefined || (about !== undefined && found.about !== about)) return undefined;
  return { way: found.way, seconds: secondsSince(found.at, now) };
}

/** Whether its start keeps others from booting now. */
export function holdsSlot({ bootedAt }: NodeMemory, now: number): boolean {
  return bootedAt !== undefined && now - bootedAt < SLOT_SECONDS * 1000;
}

type Recalled = Pick<
  ObservedNode,
  | 'startBackoffSeconds'
  | 'ran'
  | 'startFailure'
  | 'stoppingSeconds'
  | 'downSeconds'
  | 'bootingSeconds'
  | 'knownAutostart'
  | 'asked'
>;

/** How far it is on its way up or down, as the planner takes it. */
export function recall(memory: NodeMemory, now: number): Recalled {
  const { starts, stopping: down, bootedAt, ran, autostart, asked } = memory;
  return {
    startBackoffSeconds: backoffSeconds(starts, now),
    ran: ran === true,
    ...(starts?.failure === undefined ? {} : { startFailure: starts.failure }),
    ...(down === undefined
      ? {}
      : { stoppingSeconds: secondsSince(down.last, now), downSeconds: secondsSince(down.first, now) }),
    ...(asked === undefined ? {} : { asked }),
    ...(autostart === undefined ? {} : { knownAutostart: autostart }),
    ...(bootedAt === undefined ? {} : { bootingSeconds: secondsSince(bootedAt, now) }),
  };
}

/** A first start never waits. */
function backoffSeconds(starts: NodeMemory['starts'], now: number): number {
  if (starts === undefined) return 0;
  const wait = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (starts.count - 1), LONGEST_BACKOFF_SECONDS);
  return Math.max(0, Math.ceil(wait - (now - starts.at) / 1000));
}

function secondsSince(since: number, now: number): number {
  return Math.round((now - since) / 1000);
}

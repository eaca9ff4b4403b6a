import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { ReasonedError } from '../api/errors.ts';
import { objectWord, type ObjectRef } from '../api/meta.ts';
import type { HeldRemoval } from '../api/ownership/hold.ts';
import type { Client } from './client.ts';
import { alignColumns } from './print-table.ts';
import { parseSelection } from './selection.ts';

export interface ConfirmOptions {
  readonly all?: boolean;
  /** Where to ask; undefined: nobody is there to be asked. */
  readonly terminal?: { readonly input: Readable; readonly output: Writable };
  /** Shows what is held to whoever reads the error. */
  readonly tell?: (table: string) => void;
}

/** Objects without a manifest whose removal waits to be confirmed. */
export async function fetchHeld(client: Client): Promise<readonly HeldRemoval[]> {
  const { items } = (await client.get('removals')) as { items: readonly HeldRemoval[] };
  return items;
}

/** Confirms the removals named, or all that are held, and returns what to print. */
export async function confirmRemoval(
  client: Client,
  args: readonly string[],
  options: ConfirmOptions,
): Promise<string> {
  const held = await fetchHeld(client);
  const refs = args.length === 0 ? held : named(args);
  if (refs.length === 0) return 'No removal is held\n';
  if (args.length === 0 && options.all !== true) await expectYes(held, options);
  // Exactly what was shown or named: what is held meanwhile is not meant.
  await client.post('removals', { items: refs.map(({ kind, name }) => ({ kind, name })) });
  return refs.map((ref) => `${objectWord(ref)} removal confirmed\n`).join('');
}

function named(args: readonly string[]): ObjectRef[] {
  return parseSelection(args, 'confirm removal of').map(({ resource: { kind }, name }) => {
    if (name !== undefined && kind !== 'Event') return { kind, name };
    throw new ReasonedError('BadArgument', 'cannot confirm removal of a whole kind: write it as TYPE/NAME', {
      hint: 'or --all for everything that is held',
    });
  });
}

async function expectYes(held: readonly HeldRemoval[], { terminal, tell }: ConfirmOptions): Promise<void> {
  const list = alignColumns([['HELD', 'WHY'], ...held.map((each) => [objectWord(each), each.why])]);
  if (terminal === undefined) {
    tell?.(list);
    const hint = 'name them, or give --all';
    throw new ReasonedError('NotConfirmed', 'cannot confirm removal: nobody is there to be asked', { hint });
  }
  terminal.output.write(list);
  const lines = createInterface(terminal);
  try {
    const answer = await lines.question(
      `Remove ${held.length === 1 ? 'it' : `these ${held.length}`}? [y/N] `,
    );
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw new ReasonedError('NotConfirmed', 'cannot confirm removal: the answer was not yes');
}

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { ReasonedError } from '../api/errors.ts';
import type { Drain } from '../api/placement/drain.ts';
import type { Client } from './client.ts';
import { alignColumns } from './print-table.ts';

export interface DrainOptions {
  readonly yes?: boolean;
  /** Where to ask; undefined: nobody is there to be asked. */
  readonly terminal?: { readonly input: Readable; readonly output: Writable };
  /** Shows what is lost to whoever is not asked. */
  readonly tell: (table: string) => void;
}

/** Whether Nodes are placed on a vmhost. @returns what to print */
export async function cordon(client: Client, vmhost: string, isCordoned: boolean): Promise<string> {
  await schedule(client, vmhost, { unschedulable: isCordoned, drain: false });
  return `vmhost/${vmhost} ${isCordoned ? 'cordoned' : 'uncordoned'}\n`;
}

/** Lets what is on a vmhost go elsewhere, once somebody has seen what is lost. @returns what to print */
export async function drain(client: Client, vmhost: string, options: DrainOptions): Promise<string> {
  const { goes, stays } = (await client.get(`${path(vmhost)}/drain`)) as Drain;
  const table = alignColumns([
    ['NODE', 'WHAT BECOMES OF IT'],
    ...goes.map((node) => [node, 'goes: made anew elsewhere, and all that is on its disks is lost']),
    ...stays.map(({ node, why }) => [node, `stays: ${why}`]),
  ]);
  if (goes.length > 0 && options.yes !== true)
    await expectYes(vmhost, { ...options, count: goes.length, table });
  else if (goes.length + stays.length > 0) options.tell(table);
  await schedule(client, vmhost, { unschedulable: true, drain: true });
  return `vmhost/${vmhost} is being drained: ${goes.length} go, ${stays.length} stay\n`;
}

async function schedule(
  client: Client,
  vmhost: string,
  spec: { readonly unschedulable: boolean; readonly drain: boolean },
): Promise<void> {
  await client.post(`${path(vmhost)}/schedule`, spec);
}

function path(vmhost: string): string {
  return `vmhosts/${encodeURIComponent(vmhost)}`;
}

async function expectYes(
  vmhost: string,
  { terminal, tell, count, table }: DrainOptions & { readonly count: number; readonly table: string },
): Promise<void> {
  const cannot = `cannot drain Vmhost "${vmhost}"`;
  if (terminal === undefined) {
    tell(table);
    throw new ReasonedError('NotConfirmed', `${cannot}: nobody is there to be asked`, { hint: 'give --yes' });
  }
  terminal.output.write(table);
  const lines = createInterface(terminal);
  try {
    const answer = await lines.question(
      `Lose the disks of ${count === 1 ? 'one Node' : `${count} Nodes`}? [y/N] `,
    );
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw new ReasonedError('NotConfirmed', `${cannot}: the answer was not yes`);
}

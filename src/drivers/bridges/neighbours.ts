import type { Exec } from '../exec.ts';
import { readIp } from './commands.ts';

/** Who the vmhost knows behind a bridge: an address and the MAC that answers for it. */
export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

interface Entry {
  readonly dst: string;
  /** None where nobody answered, or not yet. */
  readonly lladdr?: string;
}

/** Of both families; none when there is no such bridge. Throws ExecError. */
export async function readNeighbours(exec: Exec, bridge: string): Promise<Neighbour[]> {
  const text = await readIp(exec, ['-json', 'neigh', 'show', 'dev', bridge]);
  const entries = (text.trim() === '' ? [] : JSON.parse(text)) as readonly Entry[];
  return entries.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [{ address: dst, mac: lladdr }]));
}

/** Lines for ip(8): they are used at once, and the kernel asks in its own time whether they still answer. */
export function neighbourLines(bridge: string, neighbours: readonly Neighbour[]): string[] {
  return neighbours.map(
    ({ address, mac }) => `neigh replace ${address} lladdr ${mac} dev ${bridge} nud stale`,
  );
}

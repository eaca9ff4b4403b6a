import { exec, type Exec } from './exec.ts';

const DEADLINE_MS = 10_000;
/** What getent answers for a name that there is not. */
const NO_SUCH = 2;

/** The number of a group, wherever the system has it from; undefined when there is none. */
export async function groupId(name: string, run: Exec = exec): Promise<number | undefined> {
  const { stdout } = await run(['getent', 'group', name], { deadlineMs: DEADLINE_MS, okCodes: [0, NO_SUCH] });
  const [, , id] = stdout.split(':');
  return id === undefined || !/^\d+$/.test(id) ? undefined : Number(id);
}

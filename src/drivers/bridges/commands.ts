import type { Exec } from '../exec.ts';

const DEADLINE_MS = 10_000;

/** Lines for ip(8); one that fails does not keep the others from being done. @returns what ip said. Throws ExecError. */
export async function ip(exec: Exec, lines: readonly string[]): Promise<string> {
  const input = `${lines.join('\n')}\n`;
  const options = { deadlineMs: DEADLINE_MS, input, okCodes: [0, 1, 2] };
  const { stderr } = await exec(['ip', '-force', '-batch', '-'], options);
  return stderr.trim();
}

/** @returns what ip(8) prints; nothing about an interface that is not there. Throws ExecError. */
export async function readIp(exec: Exec, args: readonly string[]): Promise<string> {
  const { stdout } = await exec(['ip', ...args], { deadlineMs: DEADLINE_MS, okCodes: [0, 1] });
  return stdout;
}

/** One transaction: all of it or nothing. Throws ExecError. */
export async function nft(exec: Exec, input: string): Promise<void> {
  await exec(['nft', '-f', '-'], { deadlineMs: DEADLINE_MS, input });
}

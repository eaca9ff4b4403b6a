import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnProcess } from '../../../src/drivers/exec.ts';
import type { ChildHandle } from '../../../src/drivers/exec.ts';

/** libvirt's own in-memory driver: real virsh, no daemon; its state ends with the session. */
export const TEST_URI = 'test:///default';

export const LONG = { deadlineMs: 30_000 };

/** Starts virsh as the driver does. */
export function spawnVirsh(argv: readonly string[]): ChildHandle {
  return spawnProcess(argv, { env: { XDG_CACHE_HOME: '/dev/null', INPUTRC: '/dev/null' } });
}

/** Waits for what other processes do; the test's own time limit ends a wait for ever. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/**
 * A stand-in for virsh, for what the real one cannot be made to do: it prompts and echoes like readline, understands
 * framing, and as commands: hang, die, flood, mumble (half an answer, then death), lost (as when the connection comes
 * back), warn, later (speaks unasked after its answer), env, args, restart-networks (whereupon those that run already
 * have only errors for net-dumpxml and net-update). Returns the path of the executable.
 */
export async function writeStub(dir: string): Promise<string> {
  const path = join(dir, 'virsh');
  await writeFile(path, `#!${process.execPath}\n${STUB}`);
  await chmod(path, 0o755);
  return path;
}

const STUB = `
const { createInterface } = require('node:readline');
const { appendFileSync, readFileSync, writeSync } = require('node:fs');
const out = (text) => writeSync(1, text);
const err = (text) => writeSync(2, text);
const restarts = () => readFileSync(__filename + '.restarts', { flag: 'a+' }).length;
const born = restarts();
const commands = {
  echo: (args) => (args[0] === '--err' ? err('error: ' + args.slice(1).join(' ') + '\\n') : out(args.join(' '))),
  hang: () => new Promise(() => {}),
  die: () => { err('error: failed to connect to the hypervisor\\nerror: Failed to connect socket to /run/x: No such file or directory\\n'); process.exit(1); },
  mumble: () => { out('half an ans'); process.exit(3); },
  flood: () => { for (;;) out('x'.repeat(65536)); },
  lost: () => { err('error: Disconnected from qemu:///system due to end of file\\nerror: Reconnected to the hypervisor\\n'); out('all the same\\n'); },
  warn: () => { err('2023-11-23 05:00:00.000+0000: 12: warning : something odd\\n'); out('fine\\n'); },
  later: () => { setTimeout(() => err('error: Disconnected from qemu:///system due to end of file\\n'), 20); },
  env: () => out(JSON.stringify(process.env)),
  args: () => out(JSON.stringify(process.argv.slice(2))),
  event: () => commands.args(),
  'net-event': () => commands.args(),
  pid: () => out(String(process.pid)),
  'restart-networks': () => appendFileSync(__filename + '.restarts', 'x'),
  'net-dumpxml': () => (restarts() > born ? err('error: 内部エラー: クライアントソケットが閉じられました\\n') : out('<network/>')),
  'net-update': () => commands['net-dumpxml'](),
  'net-list': () => commands.die(),
  'net-start': () => commands.die(),
};
setInterval(() => {}, 1e6);
const first = process.argv.slice(2).filter((word) => !word.startsWith('-') && !word.includes(':'))[0];
const run = async (line) => {
  out('virsh # ' + line + '\\n');
  for (const command of line.split(';')) {
    const [op, ...args] = command.trim().split(/ +/).map((word) => word.replaceAll("'", ''));
    await commands[op](args);
  }
};
if (first !== undefined) Promise.resolve(commands[first]([])).then(() => process.exit(0));
else {
  let queue = Promise.resolve();
  createInterface({ input: process.stdin }).on('line', (line) => (queue = queue.then(() => run(line)))).on('close', () => process.exit(0));
}
`;

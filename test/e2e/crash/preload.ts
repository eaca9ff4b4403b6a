/**
 * Loaded into the k8slabd of a lab before its own code: counts what it changes, and kills it at one of these steps. It stands
 * alone but for the list of virsh's commands, since both are copied into the vmhost.
 */
import childProcess from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { isMutating } from '../../../src/drivers/virsh/commands.ts';
import { DIRECTORY, PACKET, type Order } from './order.ts';

const ORDER = `${DIRECTORY}/order.json`;
const RECORD = `${DIRECTORY}/record`;

let given = '';
let taken = 0;
/** Steps that have begun and not ended. */
let under = 0;
/** Node's functions call each other. */
let inside = false;

/** What to do; steps are counted from when an order was given. */
function order(): Order | undefined {
  let text = '';
  try {
    text = fs.readFileSync(ORDER, 'utf8');
  } catch {
    // none is given
  }
  if (text !== given) taken = 0;
  given = text;
  return text === '' ? undefined : (JSON.parse(text) as Order);
}

/** Something begins to change. @returns what is to be called once it has changed */
function step(what: string): () => void {
  if (inside) return ignore;
  inside = true;
  try {
    return counted(what);
  } finally {
    inside = false;
  }
}

function counted(what: string): () => void {
  const current = order();
  if (current === undefined) return ignore;
  taken += 1;
  under += 1;
  fs.appendFileSync(RECORD, `${under === 1 ? 'alone' : 'beside'} ${what}\n`);
  const dies = current.step === taken;
  if (dies && current.when === 'before') die();
  return () => {
    if (dies) die();
    under -= 1;
  };
}

function die(): void {
  inside = true;
  // The next process is to live.
  fs.rmSync(ORDER, { force: true });
  fs.appendFileSync(RECORD, 'killed\n');
  process.kill(process.pid, 'SIGKILL');
}

function ignore(): void {
  // nothing
}

type Call = (...args: unknown[]) => unknown;

/** Counts the calls of one function, those that `describe` has a name for. */
function count(
  holder: object,
  name: string,
  describe: (args: readonly unknown[]) => string | undefined,
): void {
  const functions = holder as Record<string, Call>;
  const original = functions[name];
  if (original === undefined) throw new Error(`there is no ${name}`);
  functions[name] = function (this: unknown, ...args: unknown[]): unknown {
    const what = describe(args);
    if (what === undefined) return original.apply(this, args);
    const done = step(what);
    const result = original.apply(this, args);
    if (!(result instanceof Promise)) {
      done();
      return result;
    }
    return result.finally(done);
  };
}

function paths(name: string): (args: readonly unknown[]) => string {
  return (args) => [name, ...args.filter((arg) => typeof arg === 'string')].join(' ');
}

for (const name of ['rename', 'link', 'symlink', 'mkdtemp', 'chmod', 'chown', 'copyFile', 'truncate']) {
  count(fs.promises, name, paths(name));
  count(fs, `${name}Sync`, paths(name));
}
/** Those that are called to make sure: they change nothing where it is so. */
for (const [name, changes] of [
  ['rm', fs.existsSync],
  ['unlink', fs.existsSync],
  ['mkdir', (path: string) => !fs.existsSync(path)],
] as const) {
  const describe = (args: readonly unknown[]): string | undefined =>
    typeof args[0] === 'string' && changes(args[0]) ? paths(name)(args) : undefined;
  count(fs.promises, name, describe);
  count(fs, `${name}Sync`, describe);
}
count(fs.promises, 'writeFile', ([path]) => (typeof path === 'string' ? `writeFile ${path}` : undefined));
count(fs, 'writeFileSync', ([path]) => (typeof path === 'string' ? `writeFile ${path}` : undefined));
count(fs.promises, 'open', ([path, flags]) =>
  typeof flags === 'string' && flags !== 'r' ? `open ${String(path)}` : undefined,
);
count(process, 'kill', ([pid, signal]) =>
  typeof pid === 'number' && pid > 0 && signal !== 0 ? `kill ${String(signal)}` : undefined,
);

/** SSH is encrypted: each packet to that guest is a step, whatever it does there. */
const sent = Reflect.get(net.Socket.prototype, 'write') as Call;
Object.assign(net.Socket.prototype, {
  write(this: net.Socket, ...args: unknown[]): unknown {
    const { remoteAddress = '', remotePort } = this;
    const counts = remotePort === 22 && remoteAddress === order()?.ssh;
    const done = counts ? step(`${PACKET}${remoteAddress}`) : ignore;
    const result = Reflect.apply(sent, this, args);
    done();
    return result;
  },
});

/** Programs that only look, by how their command lines begin. */
const LOOKS =
  /^(qemu-img (info|check|measure|--version)|ssh-add -L|xz --robot --list|getent |systemd-notify |iptables .*-S$|nft list |virsh -q -c \S+ (net-)?event )/;

/** How a session of virsh is typed to: see src/drivers/virsh/frame.ts. */
const TYPED = /^echo \w''\w+;(.*);echo (\w''\w+);echo --err \w''\w+\n$/s;

const spawn = childProcess.spawn as (
  command: string,
  args: readonly string[],
) => ChildProcessWithoutNullStreams;
Object.assign(childProcess, {
  spawn(command: string, args: readonly string[], ...rest: unknown[]): ChildProcessWithoutNullStreams {
    const argv = [command, ...args].join(' ');
    const session = /^virsh -q -c \S+$/.test(argv);
    const done = session || LOOKS.test(argv) ? ignore : step(argv);
    const child = Reflect.apply(spawn, childProcess, [
      command,
      args,
      ...rest,
    ]) as ChildProcessWithoutNullStreams;
    child.once('close', done);
    if (session) countTyped(child);
    return child;
  },
});

function countTyped(child: ChildProcessWithoutNullStreams): void {
  const write = child.stdin.write.bind(child.stdin) as Call;
  let ended: { readonly mark: string; readonly done: () => void } | undefined;
  let heard = '';
  // Before the daemon's own listener, which must not learn of it.
  child.stdout.on('data', (chunk: Buffer) => {
    if (ended === undefined) return;
    heard = heard.slice(-100) + chunk.toString('latin1');
    if (!heard.includes(ended.mark)) return;
    const { done } = ended;
    ended = undefined;
    done();
  });
  Object.assign(child.stdin, {
    write(...args: unknown[]): unknown {
      const [, command = '', mark = ''] = TYPED.exec(String(args[0])) ?? [];
      if (command !== '' && isMutating(command.split(' '))) {
        heard = '';
        ended = { mark: mark.replace("''", ''), done: step(`virsh ${command}`) };
      }
      return write(...args);
    },
  });
}

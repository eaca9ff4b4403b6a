import { existsSync, readFileSync } from 'node:fs';
import { containerInit, endContainer, type ContainerPaths } from './container.ts';
import { poll, processStat, runAttached, runCommand, type CommandResult } from './processes.ts';

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  /** The command is killed, and its code is 137, after this long. Default 120,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A machine of the lab: real systemd in a container with a network namespace of its own; on a vmhost libvirtd, dnsmasq and QEMU too. */
export interface Vmhost {
  /** "vmhost" where it is alone, vmhost1, … otherwise. */
  readonly hostname: string;
  /** Runs argv in the vmhost as root, with the vmhost's own environment (LANG=ja_JP.UTF-8). Never throws for its exit code. */
  readonly exec: (argv: readonly string[], options?: ExecOptions) => Promise<CommandResult>;
  /** The same, but a failure is an error that shows stderr; returns stdout. */
  readonly must: (argv: readonly string[], options?: ExecOptions) => Promise<string>;
  /** Runs argv in the vmhost on our own terminal. */
  readonly attach: (argv: readonly string[]) => Promise<number>;
  /** Writes a file in one rename, as an editor would; makes its directory. */
  readonly writeFile: (path: string, content: string) => Promise<void>;
  readonly readFile: (path: string) => Promise<string>;
  /** Shuts the vmhost down as `systemctl reboot` does, and boots it again. */
  readonly reboot: () => Promise<void>;
  /** Kills all that runs in the vmhost, at once. */
  readonly kill: () => Promise<void>;
  /** Boots it from what is on its disk, once it was killed. */
  readonly boot: () => Promise<void>;
  /** Both at once. */
  readonly cutPower: () => Promise<void>;
  readonly isUp: () => boolean;
  /** The pid of its init, seen from here. @throws Error when it is not up */
  readonly init: () => number;
}

export interface VmhostOptions {
  readonly hostname: string;
  readonly paths: ContainerPaths;
  /** Starts its container; does not wait for it. */
  readonly start: () => void;
  readonly signal?: AbortSignal | undefined;
}

const environment = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'LANG=ja_JP.UTF-8',
  'HOME=/root',
];

/** A vmhost by where its container lies; nothing happens before `boot`. */
export function createVmhost({ hostname, paths, start, signal }: VmhostOptions): Vmhost {
  let known: { pid: number; started: string } | undefined;

  function init(): number {
    if (known === undefined || processStat(known.pid)?.started !== known.started) {
      const pid = containerInit(paths);
      const started = pid === undefined ? undefined : processStat(pid)?.started;
      if (pid === undefined || started === undefined) throw new Error(`the ${hostname} is not up`);
      known = { pid, started };
    }
    return known.pid;
  }
  function enter(): string[] {
    return ['nsenter', '--target', String(init()), '--all', 'env', '-i', '-C', '/root', ...environment];
  }
  function exec(argv: readonly string[], given: ExecOptions = {}): Promise<CommandResult> {
    return runCommand([...enter(), ...argv], { timeoutMs: 120_000, ...given });
  }
  async function must(argv: readonly string[], given: ExecOptions = {}): Promise<string> {
    const result = await exec(argv, given);
    if (result.code === 0) return result.stdout;
    const said = (result.stderr || result.stdout).trim();
    throw new Error(`${argv.join(' ')} ended with ${result.code} in the ${hostname}: ${said}`);
  }
  const self: Vmhost = {
    hostname,
    init,
    exec,
    must,
    attach: (argv) =>
      runAttached([...enter(), `TERM=${process.env['TERM'] ?? 'dumb'}`, ...argv], process.env),
    writeFile: async (path, content) => {
      const script = 'mkdir -p "$(dirname "$1")" && cat >"$1.new~" && mv "$1.new~" "$1"';
      await must(['sh', '-c', script, 'write', path], { input: content });
    },
    readFile: (path) => must(['cat', path]),
    reboot: async () => {
      await powerOff(self, signal);
      await self.cutPower();
    },
    kill: () => endContainer(paths),
    boot: async () => {
      if (self.isUp()) throw new Error(`the ${hostname} is up already`);
      start();
      await waitForBoot(self, paths, signal);
    },
    cutPower: async () => {
      await self.kill();
      await self.boot();
    },
    isUp: () => containerInit(paths) !== undefined,
  };
  return self;
}

/** Services end in order, libvirt-guests with the guests among them; the container's own reboot would end its supervisor. */
async function powerOff(vmhost: Vmhost, signal?: AbortSignal): Promise<void> {
  await vmhost.exec(['systemctl', 'poweroff', '--no-block']);
  const gone = await poll(() => (vmhost.isUp() ? undefined : true), {
    timeoutMs: 180_000,
    intervalMs: 300,
    signal,
  });
  if (gone === undefined) throw new Error(`the ${vmhost.hostname} does not shut down`);
}

async function waitForBoot(vmhost: Vmhost, paths: ContainerPaths, signal?: AbortSignal): Promise<void> {
  const timing = { timeoutMs: 60_000, intervalMs: 100, signal };
  const found = await poll(() => containerInit(paths), timing);
  const state = await poll(async () => {
    if (found === undefined || !vmhost.isUp()) return undefined;
    const { stdout } = await vmhost.exec(['systemctl', 'is-system-running'], { timeoutMs: 10_000 });
    return /running|degraded/.test(stdout) ? stdout : undefined;
  }, timing);
  if (state === undefined) {
    const console = existsSync(paths.console) ? readFileSync(paths.console, 'utf8').trim() : '';
    throw new Error(`the ${vmhost.hostname} does not boot; its console says:\n${console}`);
  }
}

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { ownCgroups, removeCgroups } from './cgroups.ts';
import { inLink, type Link } from './link.ts';
import { poll, processIds, processStat, readProc } from './processes.ts';

/** Where one container lives. */
export interface ContainerPaths {
  /** Machine name. */
  readonly machine: string;
  /** A directory of its own: the overlay's upper, work and root. */
  readonly data: string;
  /** What systemd-nspawn and the container's console say. */
  readonly console: string;
}

export interface BootOptions {
  /** The Debian tree; never written to. */
  readonly tree: string;
  /** Files shown read-only in the container: [outside, inside]. */
  readonly binds: readonly (readonly [string, string])[];
  /** End with the process that started it, however that ends. */
  readonly dieWithParent: boolean;
  /** Its interface host0 is plugged in there. */
  readonly link?: Link | undefined;
}

// Runs in a mount namespace of its own, so that the overlay is gone with the last process, whatever killed it; and in
// cgroups of its own.
const bootScript = `
set -eu
tree=$1 data=$2 cgroups=$3
shift 3
# Some of an old kernel's hierarchies refuse processes until they are set up, and systemd uses none of those.
for each in $cgroups; do mkdir -p "$each" && echo $$ >"$each/cgroup.procs" || true; done 2>/dev/null
modprobe -q -a overlay tun bridge veth vxlan 2>/dev/null || true
mount -t overlay -o "lowerdir=$tree,upperdir=$data/upper,workdir=$data/work" overlay "$data/root" || {
  echo 'no overlay file system: copying the tree'
  cp -a --reflink=auto "$tree/." "$data/root/"
  cp -a "$data/upper/." "$data/root/"
}
exec "$@"
`;

/** Starts the container; `upper` in its data directory may hold files already. Does not wait for it. */
export function bootContainer(paths: ContainerPaths, options: BootOptions): void {
  for (const part of ['upper', 'work', 'root']) mkdirSync(join(paths.data, part), { recursive: true });
  const log = openSync(paths.console, 'a');
  // A supervisor that is killed leaves its container behind; one that is asked to end kills it, as it is told below.
  const tether = options.dieWithParent ? ['--pdeathsig', 'TERM'] : [];
  const child = spawn(
    'setpriv',
    [
      ...[...tether, '--', ...(options.link === undefined ? [] : inLink(options.link))],
      ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bootScript, 'lab'],
      ...[options.tree, paths.data, ownCgroups(paths.machine).join('\n'), ...nspawnArgv(paths, options)],
    ],
    { detached: true, stdio: ['ignore', log, log], env: { ...process.env, LC_ALL: 'C.UTF-8' } },
  );
  child.unref();
  closeSync(log);
}

function nspawnArgv(paths: ContainerPaths, { binds, link }: BootOptions): string[] {
  const underSystemd = existsSync('/run/systemd/system');
  const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');
  return [
    ...[
      'systemd-nspawn',
      '--quiet',
      rootArgument(paths),
      `--machine=${paths.machine}`,
      '--boot',
      link === undefined ? '--private-network' : `--network-bridge=${link.bridge}`,
    ],
    ...['--register=no', ...(underSystemd ? [] : ['--keep-unit']), '--console=pipe', '--link-journal=no'],
    ...['--resolv-conf=off', '--timezone=off', '--capability=CAP_NET_ADMIN,CAP_SYS_ADMIN,CAP_NET_RAW'],
    ...[
      '--kill-signal=SIGKILL',
      '--bind=/dev/net/tun',
      ...binds.map(([outside, inside]) => `--bind-ro=${outside}:${inside}`),
    ],
    // systemd takes its words from the kernel's command line; in a container these are its arguments.
    ...(unified ? [] : ['systemd.unified_cgroup_hierarchy=0', 'SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1']),
  ];
}

/** The argument by which every process of ours that started this container can be told from all others. */
function rootArgument(paths: ContainerPaths): string {
  return `--directory=${join(paths.data, 'root')}`;
}

function supervisors(paths: ContainerPaths): number[] {
  const mark = rootArgument(paths);
  return processIds().filter((pid) => readProc(pid, 'cmdline').split('\0').includes(mark));
}

/** The pid, seen from here, of the container's init; undefined when it does not run. */
export function containerInit(paths: ContainerPaths): number | undefined {
  // Where its root lies: a supervisor that was killed may have left it behind.
  return processIds().find(
    (pid) =>
      /^NSpid:\t.*\t1$/m.test(readProc(pid, 'status')) &&
      readProc(pid, 'mountinfo').includes(`${paths.data}/`),
  );
}

/** Ends the container at once: with its init every process in it dies, guests included. Returns when all are gone. */
export async function endContainer(paths: ContainerPaths): Promise<void> {
  const init = containerInit(paths);
  if (init !== undefined) kill(init);
  const gone = await poll(() => (supervisors(paths).length === 0 ? true : undefined), {
    timeoutMs: init === undefined ? 0 : 5000,
    intervalMs: 20,
  });
  if (gone === undefined) supervisors(paths).forEach(kill);
  await poll(
    () => (supervisors(paths).length === 0 && (init === undefined || !processStat(init)) ? true : undefined),
    {
      timeoutMs: 10_000,
      intervalMs: 20,
    },
  );
  await removeCgroups(ownCgroups(paths.machine));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

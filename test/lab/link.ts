import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mustRun, poll, processIds, readProc } from './processes.ts';

/** What a container is plugged into: a bridge in a network namespace that a process of ours keeps. */
export interface Link {
  /** The process that keeps the namespace. */
  readonly pid: number;
  readonly bridge: string;
}

const BRIDGE = 'lab';
const MARK = 'K8SLAB_LAB_LINK';
const make = `
set -eu
ip link add name ${BRIDGE} type bridge
ip link set ${BRIDGE} up
exec sleep infinity
`;

/** Makes the link of a lab. @param directory by which the link is found again */
export async function startLink(
  directory: string,
  { dieWithParent }: { readonly dieWithParent: boolean },
): Promise<Link> {
  const tether = dieWithParent ? ['--pdeathsig', 'KILL'] : [];
  const child = spawn('setpriv', [...tether, '--', 'unshare', '--net', 'sh', '-c', make], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, LC_ALL: 'C.UTF-8', [MARK]: directory },
  });
  child.unref();
  const link = await poll(() => findLink(directory), { timeoutMs: 10_000, intervalMs: 20 });
  if (link === undefined) throw new Error('the link between the vmhosts does not come up');
  return link;
}

/** The lab's link, once its bridge is there. */
export function findLink(directory: string): Link | undefined {
  const pid = processIds().find((each) => {
    const variables = readProc(each, 'environ').split('\0');
    return variables.includes(`${MARK}=${directory}`) && readProc(each, 'comm') === 'sleep\n';
  });
  return pid === undefined ? undefined : { pid, bridge: BRIDGE };
}

/** Ends the process that keeps the namespace: the kernel removes it, with bridge and cables, after the last container. */
export function endLink(directory: string): void {
  const link = findLink(directory);
  if (link !== undefined) process.kill(link.pid, 'SIGKILL');
}

export function inLink(link: Link): string[] {
  return ['nsenter', `--net=/proc/${link.pid}/ns/net`, '--'];
}

/** Pulls or plugs the cable of a container, at the bridge. @param init of the container */
export async function setCable(link: Link, init: number, state: 'down' | 'up'): Promise<void> {
  const port = await portOf(link, init);
  await mustRun([...inLink(link), 'ip', 'link', 'set', 'dev', port, state]);
}

async function portOf(link: Link, init: number): Promise<string> {
  // Its root is its own sysfs: the index of the other end of host0.
  const index = Number(readFileSync(`/proc/${init}/root/sys/class/net/host0/iflink`, 'utf8'));
  const printed = await mustRun([...inLink(link), 'ip', '-j', 'link', 'show', 'master', link.bridge]);
  const ports = JSON.parse(printed) as { ifindex: number; ifname: string }[];
  const port = ports.find(({ ifindex }) => ifindex === index);
  if (port === undefined) throw new Error('the container has no cable to the link');
  return port.ifname;
}

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createHaproxy, type Haproxy } from '../../../src/drivers/haproxy.ts';
import type { SshTarget } from '../../../src/drivers/ssh.ts';
import { guest, sshFor, type Guest } from '../ssh/guest.ts';

export interface HaproxyBed {
  readonly haproxy: Haproxy;
  readonly guest: Guest;
  readonly target: SshTarget;
  readonly config: string;
  /** What systemctl was asked to change. */
  readonly calls: () => string[];
  readonly text: (port: number, more?: string) => string;
  readonly apply: (text: string, ports: readonly number[]) => Promise<void>;
}

const SYSTEMCTL = String.raw`#!/bin/sh
# As much of systemctl as there is to one unit, with the real HAProxy under it.
exec 9>&-
here=$(dirname "$0")/..
[ "$1" != -q ] || shift
pid=$(cat "$here/pid" 2>/dev/null)
# A process that nobody waited for has no command line any more.
alive() { [ -n "$pid" ] && grep -q haproxy "/proc/$pid/cmdline" 2>/dev/null; }
case $1 in
is-active) alive; exit ;;
show)
  if alive; then echo ActiveState=active; else echo ActiveState=inactive; fi
  if [ -e "$here/enabled" ]; then echo UnitFileState=enabled; else echo UnitFileState=disabled; fi
  exit
  ;;
reset-failed) exit ;;
esac
echo "$1" >>"$here/calls"
case $1 in
enable) touch "$here/enabled" ;;
start) haproxy -W -D -f "$here/haproxy.cfg" -p "$here/pid" 2>>"$here/journal" ;;
reload) haproxy -c -q -f "$here/haproxy.cfg" && kill -USR2 "$pid" ;;
stop) alive && kill "$pid"; rm -f "$here/pid" ;;
esac
`;

const JOURNALCTL = '#!/bin/sh\ncat "$(dirname "$0")/../journal"\n';

/** A guest on loopback with the real HAProxy, a small systemctl, and programs of its own where they are given. */
export async function haproxyBed(t: TestContext, programs: Record<string, string> = {}): Promise<HaproxyBed> {
  const dir = mkdtempSync(join(tmpdir(), 'k8slab-haproxy-'));
  mkdirSync(join(dir, 'bin'));
  for (const [name, script] of Object.entries({
    systemctl: SYSTEMCTL,
    journalctl: JOURNALCTL,
    ...programs,
  })) {
    writeFileSync(join(dir, 'bin', name), script);
    chmodSync(join(dir, 'bin', name), 0o755);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = `${join(dir, 'bin')}:${path ?? ''}:/usr/sbin`;
  t.after(() => {
    process.env['PATH'] = path;
    const pid = Number(read(join(dir, 'pid')));
    if (pid > 0) killMaster(pid);
    rmSync(dir, { recursive: true });
  });
  const host = await guest(t);
  host.target.user = 'root';
  const config = join(dir, 'haproxy.cfg');
  const haproxy = createHaproxy({ ssh: sshFor(t), config, socket: join(dir, 'stats'), retryMs: 10 });
  return {
    haproxy,
    guest: host,
    target: host.target,
    config,
    calls: () => read(join(dir, 'calls')).split('\n').slice(0, -1),
    text: (port, more = '') => configText(join(dir, 'stats'), port, more),
    apply: (text, ports) => haproxy.apply(host.target, { text, sha256: sha256(text), ports }),
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function configText(socket: string, port: number, more: string): string {
  return [
    `global\n    stats socket ${socket} mode 600 level user`,
    'defaults\n    mode tcp\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s',
    `frontend main\n    bind 127.0.0.1:${port}\n    default_backend main`,
    'backend main\n    server a 127.0.0.1:1 check disabled',
    more,
    '',
  ].join('\n');
}

function killMaster(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it has ended by itself
  }
}

/** A port that nobody listens on; with `taken` somebody does until the test ends. */
export async function freePort(t: TestContext, options: { taken: boolean }): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  if (options.taken) t.after(close);
  else await close();
  return port;
}

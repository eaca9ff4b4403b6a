import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Exec } from '../../src/drivers/exec.ts';
import { createNotifier } from '../../src/drivers/systemd.ts';

const systemdNotify = '/usr/bin/systemd-notify';

// Node has no datagram sockets of the unix family; perl-base is on every Debian.
const listenerScript = `
  use Socket; $| = 1;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; print "LISTENING\\n";
  while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/|/g; print "$m\\n" }`;

/** Systemd's end of the socket: the messages that arrive there, line ends shown as |. */
async function notifySocket(t: TestContext): Promise<{ path: string; next: () => Promise<string> }> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-notify-'));
  const path = join(dir, 'socket');
  const listener = spawn('perl', ['-e', listenerScript, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]();
  t.after(async () => {
    listener.kill();
    await once(listener, 'close');
    await rm(dir, { recursive: true, force: true });
  });
  async function next(): Promise<string> {
    const line = await lines.next();
    return line.done === true ? assert.fail('the listener is gone') : line.value;
  }
  assert.equal(await next(), 'LISTENING');
  return { path, next };
}

function recorder(): { exec: Exec; calls: (readonly string[])[] } {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    exec: (argv) => {
      calls.push(argv);
      return Promise.resolve({ stdout: '', stderr: '', code: 0 });
    },
  };
}

describe('createNotifier', () => {
  it('starts no process outside a unit that notifies', async () => {
    const { exec, calls } = recorder();
    const notifier = createNotifier({ exec, env: { WATCHDOG_USEC: '30000000' } });

    await notifier.ready();
    await notifier.status('x');
    await notifier.watchdog();

    assert.deepEqual(calls, []);
    assert.equal(notifier.watchdogIntervalMs(), undefined);
  });

  it('speaks through the real systemd-notify', async (t) => {
    if (!existsSync(systemdNotify)) {
      t.skip('no systemd-notify here');
      return;
    }
    const { path, next } = await notifySocket(t);
    const notifier = createNotifier({ env: { NOTIFY_SOCKET: path }, monotonic: () => 123_456_789n });

    await notifier.ready();
    assert.equal(await next(), 'READY=1');
    await notifier.status('--ready 5 of 6 nodes; 日本');
    assert.equal(await next(), 'STATUS=--ready 5 of 6 nodes; 日本');
    await notifier.reloading();
    assert.equal(await next(), 'RELOADING=1|MONOTONIC_USEC=123456');
    await notifier.stopping();
    assert.equal(await next(), 'STOPPING=1');
    await notifier.watchdog();
    assert.equal(await next(), 'WATCHDOG=1');
  });

  it('sends a status of several lines as one variable', async () => {
    const { exec, calls } = recorder();

    await createNotifier({ exec, env: { NOTIFY_SOCKET: '/run/x' } }).status('waiting\n  READY=1\n');

    assert.deepEqual(calls, [['systemd-notify', '--no-block', '--', 'STATUS=waiting READY=1']]);
  });

  it('waits for systemd where told to', async () => {
    const { exec, calls } = recorder();

    await createNotifier({ exec, env: { NOTIFY_SOCKET: '/run/x' }, block: true }).ready();

    assert.deepEqual(calls, [['systemd-notify', '--', 'READY=1']]);
  });

  it('asks for the watchdog three times within its time-out, and only for this process', () => {
    const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000' };

    assert.equal(createNotifier({ env }).watchdogIntervalMs(), 10_000);
    assert.equal(createNotifier({ env: { ...env, WATCHDOG_PID: '7' }, pid: 7 }).watchdogIntervalMs(), 10_000);
    assert.equal(
      createNotifier({ env: { ...env, WATCHDOG_PID: '8' }, pid: 7 }).watchdogIntervalMs(),
      undefined,
    );
    assert.equal(createNotifier({ env: { ...env, WATCHDOG_USEC: 'x' } }).watchdogIntervalMs(), undefined);
    assert.equal(createNotifier({ env: { ...env, WATCHDOG_USEC: '0' } }).watchdogIntervalMs(), undefined);
  });
});

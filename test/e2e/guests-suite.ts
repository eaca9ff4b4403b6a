import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';

/** What a person does with guests that are up. @param nodes their names */
export function guestsSuite(lab: () => Lab, nodes: readonly string[]): void {
  it('k8slab ssh runs a command in a guest as it is, and ends as the command does', async () => {
    const said = await lab().exec([
      'k8slab',
      'ssh',
      'master00',
      'sh',
      '-c',
      'echo "$(hostname)  $1"; exit 7',
      'x',
      'a  b',
    ]);
    assert.deepEqual([said.code, said.stdout], [7, 'master00  a  b\n']);
    const stranger = await lab().exec(['k8slab', 'ssh', '-l', 'nobody', 'master00', 'true']);
    assert.deepEqual([stranger.code, /Permission denied/.test(stranger.stderr)], [255, true]);
  });

  it("k8slab logs shows a guest's console from its first boot on, and cloud-init's", async () => {
    const { stdout } = await lab().exec(['k8slab', 'logs', 'master00']);
    assert.match(stdout, /tiny: .* s: configured/);
    assert.equal((await lab().must(['k8slab', 'logs', 'master00', '--tail', '2'])).split('\n').length, 3);
    await lab().must(['k8slab', 'logs', 'master00', '--cloud-init']);
  });

  it('k8slab top shows what each guest and the vmhost use', async () => {
    const rows = (await lab().must(['k8slab', 'top', '--sort-by', 'memory', '--no-headers']))
      .trimEnd()
      .split('\n');
    assert.deepEqual(rows.map((row) => row.split(/\s+/)[0]).toSorted(), ['(vmhost)', ...nodes]);
    for (const row of rows) assert.match(row, /^\S+ +\d+m +\d+% +[1-9]\d*Mi +\d+%$/);
  });

  it('k8slab verify finds all well; a guest that is cut off is one line, and a restart mends it', async () => {
    const well = await lab().exec(['k8slab', 'verify']);
    assert.equal(well.code, 0, well.stdout);
    assert.match(well.stdout, /\n41 checks in [\d.]+ s: 41 ok, 0 failed, 0 skipped\n$/);
    const cut =
      '(sleep 1; for nic in /sys/class/net/e*; do ip link set "${nic##*/}" down; done) >/dev/null 2>&1 &';
    await lab().must(['k8slab', 'ssh', 'worker00', 'sudo', 'sh', '-c', cut]);
    await poll(async () => (await lab().exec(['ping', '-c1', '-W1', 'worker00'])).code !== 0 || undefined, {
      timeoutMs: 20_000,
      intervalMs: 300,
    });

    const { code, stdout } = await lab().exec(['k8slab', 'verify', '-o', 'json']);

    const { checks } = JSON.parse(stdout) as { checks: Record<string, string>[] };
    const failed = checks.filter(({ result }) => result !== 'ok');
    assert.deepEqual(
      [code, failed.map(({ object, check }) => `${object} ${check}`)],
      [1, ['node/worker00 ssh']],
    );
    const restart = await lab().exec(['k8slab', 'restart', 'worker00', '--timeout', '120']);
    assert.equal(restart.code, 0, restart.stderr);
    assert.match(
      restart.stdout,
      /ShutdownDomain: .*\n[^]*StartDomain: .*\n[^]*restarted, Ready after \d+ s\n$/,
    );
    assert.equal((await lab().exec(['k8slab', 'verify', 'worker00'])).code, 0);
  });

  it('k8slab stop names the file and the line that say that a guest runs', async () => {
    const { code, stderr } = await lab().exec(['k8slab', 'stop', 'worker00']);

    assert.equal(code, 1);
    assert.match(stderr, /edit \/etc\/k8slab\.d\/worker00\.yaml:\d+: spec\.power: Stopped/);
  });
}

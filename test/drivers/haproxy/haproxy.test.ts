import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CONFIG_ACCESS, type ObservedHaproxy } from '../../../src/api/load-balancer/plan.ts';
import { freePort, haproxyBed, read, sha256, type HaproxyBed } from './bed.ts';

const signal = new AbortController().signal;

async function look(bed: HaproxyBed): Promise<ObservedHaproxy> {
  return (await bed.haproxy.look(bed.target, signal)).haproxy;
}

async function serving(t: TestContext): Promise<HaproxyBed & { port: number; old: string }> {
  const bed = await haproxyBed(t);
  const port = await freePort(t, { taken: false });
  const old = bed.text(port);
  await bed.apply(old, [port]);
  return { ...bed, port, old };
}

describe('HAProxy in a guest', { timeout: 60_000 }, () => {
  it('is started with its first configuration, which nobody else can read', async (t) => {
    const bed = await serving(t);

    const { haproxy, stats } = await bed.haproxy.look(bed.target, signal);

    assert.deepEqual(haproxy.config, { sha256: sha256(bed.old), access: CONFIG_ACCESS });
    assert.deepEqual([haproxy.installed, haproxy.active, haproxy.written], [true, true, sha256(bed.old)]);
    assert.match(haproxy.version ?? '', /^\d+\.\d+/);
    assert.ok(haproxy.ports.includes(bed.port));
    assert.deepEqual(bed.calls(), ['start']);
    assert.deepEqual(stats?.servers, [
      { backend: 'main', server: 'a', state: 'MAINT', sessions: 0, sessionsTotal: 0 },
    ]);
    assert.ok((stats.uptimeSeconds ?? -1) >= 0);
  });

  it('E69: is reloaded, never restarted, with the next one, and listens on what is new in it', async (t) => {
    const bed = await serving(t);
    const other = await freePort(t, { taken: false });
    const text = bed.text(other);

    await bed.apply(text, [other]);

    const found = await look(bed);
    assert.deepEqual([found.config?.sha256, found.written], [sha256(text), sha256(text)]);
    assert.ok(found.ports.includes(other));
    assert.deepEqual(bed.calls(), ['start', 'reload']);
    assert.deepEqual(
      readdirSync(dirname(bed.config)).filter((name) => name.startsWith('haproxy.cfg')),
      ['haproxy.cfg', 'haproxy.cfg.k8slab', 'haproxy.cfg.k8slab-lock'],
    );
  });

  it('E68: keeps what it has when it refuses a configuration, and says why in its own words', async (t) => {
    const bed = await serving(t);

    await assert.rejects(bed.apply(bed.text(bed.port, 'backend x\n    nonsense 1'), [bed.port]), {
      reason: 'ConfigRejected',
      message: /haproxy\.cfg:\d+\].*unknown keyword 'nonsense'/,
    });

    assert.equal(read(bed.config), bed.old);
    assert.deepEqual(bed.calls(), ['start']);
    assert.equal((await look(bed)).active, true);
  });

  it('gets its old configuration back when it cannot serve the new one', async (t) => {
    const bed = await haproxyBed(t);
    const taken = await freePort(t, { taken: true });
    writeFileSync(bed.config, 'of the package');

    await assert.rejects(bed.apply(bed.text(taken), [taken]), {
      reason: 'ConfigNotServed',
      message: /cannot bind socket/,
    });

    assert.equal(read(bed.config), 'of the package');
    const found = await look(bed);
    assert.deepEqual([found.active, found.written], [false, undefined]);
  });

  it('keeps what others wrote when it is told to replace it', async (t) => {
    const bed = await haproxyBed(t);
    const port = await freePort(t, { taken: false });
    writeFileSync(bed.config, 'of somebody');

    await bed.apply(bed.text(port), [port]);

    assert.equal(read(`${bed.config}.before-k8slab`), 'of somebody');
  });

  it('takes no configuration that did not arrive whole', async (t) => {
    const bed = await serving(t);
    const change = { text: 'half', sha256: sha256('whole'), ports: [] };

    await assert.rejects(bed.haproxy.apply(bed.target, change), { message: /did not arrive whole/ });

    assert.equal(read(bed.config), bed.old);
    assert.equal(existsSync(`${bed.config}.k8slab-new`), false);
  });

  it('E73: shows what was changed by hand', async (t) => {
    const bed = await serving(t);
    appendFileSync(bed.config, '# edited\n');
    chmodSync(bed.config, 0o644);

    const found = await look(bed);

    assert.notEqual(found.config?.sha256, found.written);
    assert.equal(found.config?.access, 'root:root 644');
  });

  it('is enabled, and started again when it was stopped', async (t) => {
    const bed = await serving(t);
    process.kill(Number(read(bed.config.replace('haproxy.cfg', 'pid'))), 'SIGTERM');
    while ((await look(bed)).ports.includes(bed.port));

    await bed.haproxy.enable(bed.target);
    await bed.haproxy.startOrReload(bed.target, [bed.port]);

    const { active, enabled, ports } = await look(bed);
    assert.deepEqual([active, enabled, ports.includes(bed.port)], [true, true, true]);
  });

  it('is busy while a configuration is being applied, and not after a guest that died over it', async (t) => {
    const bed = await serving(t);
    writeFileSync(`${bed.config}.k8slab-old`, '');
    assert.equal((await look(bed)).busy, false);

    const holder = spawn('flock', [`${bed.config}.k8slab-lock`, 'cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    holder.stdin.write('held');
    await once(holder.stdout, 'data');
    assert.equal((await look(bed)).busy, true);
    holder.stdin.end();
    await once(holder, 'close');
  });

  it('is asked again when the guest did not answer, and is changed only once', async (t) => {
    const bed = await serving(t);
    let refusals = 2;
    bed.guest.onExec = () => {
      bed.guest.behaviour = refusals-- > 0 ? 'reset' : 'run';
    };

    assert.equal((await look(bed)).installed, true);
    refusals = 1;

    await assert.rejects(bed.apply(bed.old, [bed.port]), { reason: 'Unreachable' });
    assert.deepEqual(bed.calls(), ['start']);
  });

  it('hands the configuration over where nobody sees it: not as an argument', async (t) => {
    const bed = await haproxyBed(t);
    const commands: string[] = [];
    bed.guest.onExec = (command) => commands.push(command);
    const port = await freePort(t, { taken: false });

    await bed.apply(bed.text(port, '# secret'), [port]);

    assert.doesNotMatch(commands.join('\n'), /secret/);
    assert.equal(statSync(bed.config).mode & 0o777, 0o600);
  });
});

describe("SELinux's ports", { timeout: 60_000 }, () => {
  const SEMANAGE = `#!/bin/sh
echo "$*" >>"$(dirname "$0")/../semanage"
[ "$2" = -l ] || exit 0
echo 'http_port_t                    tcp      80, 443, 9000'
echo 'unreserved_port_t              tcp      1024-32767'
`;

  it('E72: are labelled unless they are something already', async (t) => {
    const bed = await haproxyBed(t, { semanage: SEMANAGE });

    await bed.haproxy.labelPorts(bed.target, [6443, 9000]);

    assert.deepEqual(read(bed.config.replace('haproxy.cfg', 'semanage')).trim().split('\n'), [
      'port -l',
      'port -a -t http_port_t -p tcp 6443',
    ]);
  });

  it('E72: are left alone where there is no semanage', async (t) => {
    const bed = await haproxyBed(t);

    await bed.haproxy.labelPorts(bed.target, [6443]);
  });

  it('are looked at where SELinux is on', async (t) => {
    const bed = await haproxyBed(t, { getenforce: '#!/bin/sh\necho Enforcing\n' });

    assert.equal((await look(bed)).selinux, true);
  });
});

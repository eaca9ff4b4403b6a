import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { CONFIG_ACCESS } from '../../../src/api/load-balancer/plan.ts';
import { boot, createLab, type Bed } from '../bed.ts';
import type { FakeHaproxy } from '../fakes.ts';
import { FRESH_HAPROXY, NO_HAPROXY } from '../haproxy-fakes.ts';

/** Three guests that are up; nothing is said of a LoadBalancer yet. */
async function lab(): Promise<Bed> {
  const bed = await createLab('lb', 'm1', 'm2');
  for (const name of ['m1', 'm2']) bed.apply('Node', name, { role: 'master' });
  await bed.converge();
  bed.world.haproxies.set(address(bed), { observed: FRESH_HAPROXY, text: '' });
  bed.world.calls.length = 0;
  return bed;
}

async function served(fields: Record<string, unknown> = {}): Promise<Bed> {
  const bed = await lab();
  bed.apply('LoadBalancer', 'api', fields);
  await bed.converge();
  assert.equal(bed.ready('LoadBalancer', 'api'), 'True Serving');
  bed.world.calls.length = 0;
  return bed;
}

function address(bed: Bed): string {
  return bed.object('Node', 'lb').status.address ?? '';
}

function guest(bed: Bed): FakeHaproxy {
  const found = bed.world.haproxies.get(address(bed));
  assert.ok(found);
  return found;
}

/** `server` lines without their addresses. */
function servers(bed: Bed): string[] {
  return [...guest(bed).text.matchAll(/^ {4}server ([^ .]+)\S* \S+ (.*)$/gm)].map(([, name, rest]) =>
    [name, rest].join(' '),
  );
}

/** What changed the guest. */
function calls(bed: Bed): string[] {
  return bed.world.calls.map((call) => call.split(' ')[0] ?? '').filter((call) => call !== 'writeFile');
}

describe('a LoadBalancer', () => {
  it('configures and enables the HAProxy of its Node, once', async () => {
    const bed = await lab();
    bed.apply('LoadBalancer', 'api');
    await bed.converge();

    assert.deepEqual(calls(bed), ['apply', 'enable']);
    assert.deepEqual(servers(bed), ['m1 check', 'm2 check']);
    for (const type of ['Installed', 'Configured', 'Serving', 'Ready', 'Synced']) {
      assert.equal(bed.condition(['LoadBalancer', 'api'], type)?.status, 'True', type);
    }
    await bed.converge();
    assert.deepEqual(calls(bed), ['apply', 'enable']);
  });

  it('installs HAProxy first where it lacks, beside the passes', async () => {
    const bed = await lab();
    guest(bed).observed = NO_HAPROXY;
    bed.apply('LoadBalancer', 'api');
    await bed.converge();

    assert.deepEqual(calls(bed), ['install', 'apply', 'enable']);
    assert.equal(bed.ready('LoadBalancer', 'api'), 'True Serving');
  });

  it('says why an installation failed, and tries again later', async () => {
    const bed = await lab();
    guest(bed).observed = NO_HAPROXY;
    bed.world.broken.set(
      'install',
      new ReasonedError('InstallFailed', 'cannot install haproxy: no such package'),
    );
    bed.apply('LoadBalancer', 'api');
    const passes = async (): Promise<void> => {
      for (let count = 0; count < 2; count++) await bed.pass('LoadBalancer', 'api');
    };

    await assert.rejects(passes, { reason: 'InstallFailed' });
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False InstallFailed');
    bed.world.broken.clear();
    await bed.clock.advance(10_000);
    await bed.converge();
    assert.equal(bed.ready('LoadBalancer', 'api'), 'True Serving');
  });

  it('E66: follows a Node that gets another role, with one reload', async () => {
    const bed = await served();

    bed.apply('Node', 'm2', { role: 'worker' });
    await bed.converge();

    assert.deepEqual(servers(bed), ['m1 check']);
    assert.deepEqual(calls(bed), ['apply']);
  });

  it('E74: keeps trying the servers when none of the Nodes is Ready', async () => {
    const bed = await served();
    for (const name of ['m1', 'm2']) bed.world.guests.delete(bed.object('Node', name).status.address ?? '');
    await bed.converge();

    assert.deepEqual(servers(bed), ['m1 check', 'm2 check']);
    boot(bed, 'm1');
    await bed.converge();
    assert.deepEqual(servers(bed), ['m1 check', 'm2 check disabled']);
  });

  it('E75: that does not answer says so and is asked less and less often, and nothing else waits for it', async () => {
    const bed = await served();
    const haproxy = guest(bed);
    bed.world.haproxies.delete(address(bed));

    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      waits.push((await bed.pass('LoadBalancer', 'api')).requeueAfterMs ?? 0);
    }

    assert.equal(bed.ready('LoadBalancer', 'api'), 'False Unreachable');
    for (const type of ['Installed', 'Configured', 'Serving']) {
      assert.equal(bed.condition(['LoadBalancer', 'api'], type)?.status, 'Unknown', type);
    }
    assert.ok((waits[3] ?? 0) > (waits[0] ?? 0), waits.join(' '));
    assert.equal(bed.ready('Node', 'm1'), 'True Ready');
    bed.world.haproxies.set(address(bed), haproxy);
    await bed.pass('LoadBalancer', 'api');
    assert.equal(bed.ready('LoadBalancer', 'api'), 'True Serving');
  });

  it('E61: runs nothing on a guest with another host key, and has a condition for that', async () => {
    const bed = await served();
    bed.world.broken.set('look', new ReasonedError('HostKeyMismatch', 'cannot trust guest "x"'));
    bed.apply('Node', 'm2', { role: 'worker' });
    await bed.converge();

    assert.deepEqual(calls(bed), []);
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False HostKeyMismatch');
    assert.equal(bed.condition(['LoadBalancer', 'api'], 'HostKeyMismatch')?.status, 'True');
    bed.world.broken.clear();
    await bed.converge();
    assert.equal(bed.condition(['LoadBalancer', 'api'], 'HostKeyMismatch'), undefined);
  });

  it('E68: offers a configuration that HAProxy refused once, and tells its words', async () => {
    const bed = await served();
    const words = "[ALERT] parsing [haproxy.cfg:42] : unknown keyword 'nonsense'";
    bed.world.broken.set('apply', new ReasonedError('ConfigRejected', words));
    bed.apply('LoadBalancer', 'api', { extraConfig: 'nonsense' });

    await assert.rejects(bed.pass('LoadBalancer', 'api'), { reason: 'ConfigRejected' });
    await bed.converge();

    assert.deepEqual(calls(bed), ['apply']);
    assert.equal(bed.condition(['LoadBalancer', 'api'], 'Configured')?.message, words);
    assert.equal(bed.condition(['LoadBalancer', 'api'], 'Serving')?.status, 'True');
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False ConfigRejected');
    bed.world.broken.clear();
    bed.apply('LoadBalancer', 'api', {});
    await bed.converge();
    assert.equal(bed.ready('LoadBalancer', 'api'), 'True Serving');
  });

  it('E73: repairs what was changed by hand, and counts it', async () => {
    const bed = await served();
    guest(bed).observed = { ...guest(bed).observed, config: { sha256: 'edited', access: CONFIG_ACCESS } };
    await bed.converge();
    guest(bed).observed = { ...guest(bed).observed, active: false };
    await bed.converge();

    assert.deepEqual(calls(bed), ['apply', 'startOrReload']);
    assert.deepEqual(bed.world.drifts, ['LoadBalancer/api', 'LoadBalancer/api']);
  });

  it('E64: takes its password from a file, and never tells it', async () => {
    const bed = await lab();
    const stats = { passwordFile: '/etc/k8slab/secrets/stats' };
    bed.apply('LoadBalancer', 'api', { stats });
    await bed.converge();
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False SecretNotFound');
    assert.deepEqual(calls(bed), []);

    bed.world.files.set(stats.passwordFile, 'top secret');
    const words = String.raw`[ALERT] haproxy.cfg:30 : stats auth admin:top\x20secret top secret`;
    bed.world.broken.set('apply', new ReasonedError('ConfigRejected', words));
    await assert.rejects(bed.pass('LoadBalancer', 'api'), { message: /admin:\*\*\* \*\*\*$/ });
    bed.world.broken.clear();
    bed.apply('LoadBalancer', 'api', { stats, retries: 2 });
    await bed.converge();

    assert.match(guest(bed).text, /stats auth admin:top\\x20secret\n/);
    assert.doesNotMatch(JSON.stringify(bed.store.all()), /top.{0,4}secret/);
  });

  it('waits for its Node, and for Nodes nothing is known of', async () => {
    const bed = await lab();
    bed.apply('LoadBalancer', 'api', { node: 'nobody' });
    await bed.converge();
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False NodeNotFound');

    bed.apply('LoadBalancer', 'api');
    bed.apply('Node', 'm3', { role: 'master' });
    await bed.pass('LoadBalancer', 'api');
    assert.equal(bed.ready('LoadBalancer', 'api'), 'False NodesUnknown');
    assert.deepEqual(calls(bed), []);
  });

  it('shows its servers as HAProxy sees them, and when it last read its configuration', async () => {
    const bed = await served();
    const states = [
      ['m1', 'UP'],
      ['m2', 'DOWN'],
    ] as const;
    guest(bed).stats = {
      uptimeSeconds: 10,
      sessions: 7,
      servers: states.map(([name, state]) => ({
        backend: 'main',
        server: `${name}.k8s-thw.local`,
        state,
        sessions: 3,
        sessionsTotal: 9,
      })),
    };
    await bed.pass('LoadBalancer', 'api');
    const { status } = bed.object('LoadBalancer', 'api');

    assert.deepEqual(
      status.servers?.map(({ node, state, sessions }) => [node, state, sessions]),
      [
        ['m1', 'UP', 3],
        ['m2', 'DOWN', 3],
      ],
    );
    assert.equal(status.sessions, 7);
    assert.equal(bed.condition(['LoadBalancer', 'api'], 'ServersUp')?.message, '1 of 2 servers are up');
    await bed.clock.advance(1000);
    guest(bed).stats = { ...guest(bed).stats, servers: [], sessions: 0, uptimeSeconds: 12 };
    await bed.pass('LoadBalancer', 'api');
    assert.equal(bed.object('LoadBalancer', 'api').status.lastReload, status.lastReload);
  });
});

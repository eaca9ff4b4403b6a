import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CommandResult } from '../lab/processes.ts';
import type { Lab } from '../lab/lab.ts';
import { upAgain } from './failure.ts';
import { poll } from '../lab/processes.ts';
import {
  allReady,
  applyManifests,
  bootLab,
  getObject,
  startDaemon,
  tutorialManifests,
  untilCondition,
} from './bed.ts';
import {
  BLIND,
  CONNECT,
  guestOf,
  HOLD_LOCK,
  images,
  inGuest,
  LB,
  loadBalancer,
  master,
  MASTERS,
  PASSWORD,
  SECRET,
  followedSeconds,
  serveRepository,
  verify,
  type Repository,
} from './load-balancer-bed.ts';
import type { LoadBalancerStatus } from '../../src/api/load-balancer/object.ts';

/** HAProxy in a real guest, masters that answer, and everything that may happen to them. */
describe('a load balancer', () => {
  let lab: Lab;
  let repository: Repository;

  before(async () => {
    lab = await bootLab({ name: 'e2e-lb', guest: 'debian' });
    repository = await serveRepository(lab);
    await repository.publish('lab-tool', '1.0');
    await lab.must(['sh', '-c', `printf %s '${PASSWORD}' | install -D -m 600 /dev/stdin ${SECRET}`]);
    await applyManifests(lab, [
      ['k8s-net.yaml', tutorialManifests().get('k8s-net.yaml') ?? ''],
      ['images.yaml', images()],
      ['loadbalancer.yaml', guestOf(repository.key)],
      ['haproxy.yaml', loadBalancer()],
      ...Object.keys(MASTERS).map((name) => [`${name}.yaml`, master(name)] as const),
    ]);
    await startDaemon(lab);
    await allReady(lab, 600);
  });
  after(async () => {
    repository.dispose();
    await lab.down();
  });

  const ssh = (command: string, timeoutMs?: number): Promise<CommandResult> =>
    inGuest(lab, command, timeoutMs);

  async function config(): Promise<string> {
    return (await ssh('sudo cat /etc/haproxy/haproxy.cfg')).stdout;
  }

  async function untilConfig(wanted: string): Promise<void> {
    const timing = { timeoutMs: 60_000, intervalMs: 500 };
    await poll(async () => ((await config()) === wanted ? true : undefined), timing);
    assert.equal(await config(), wanted);
  }

  /** The servers of HAProxy's own statistics, asked without a shell in the guest: `master00 UP`, … */
  async function statistics(): Promise<string[]> {
    const url = `http://${LB}:9000/haproxy_stats;csv`;
    const { stdout } = await lab.exec(['curl', '-s', '-m', '2', '-u', `admin:${PASSWORD}`, url]);
    return [...stdout.matchAll(/^mgmt6443,(master\d+)[^,]*,(?:[^,]*,){15}([^,]*)/gm)].map(
      ([, name, state]) => `${name ?? ''} ${(state ?? '').split(' ')[0] ?? ''}`,
    );
  }

  /** Seconds until HAProxy's statistics are as wanted. */
  async function secondsUntil(wanted: (servers: string[]) => boolean): Promise<number> {
    const since = performance.now();
    let last: string[] = [];
    const found = await poll(
      async () => {
        last = await statistics();
        return last.length > 0 && wanted(last) ? true : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    assert.ok(found, last.join(', '));
    return (performance.now() - since) / 1000;
  }

  async function status(): Promise<LoadBalancerStatus> {
    return (await getObject(lab, 'loadbalancer/api'))?.status as LoadBalancerStatus;
  }

  const ready = (seconds = 90): Promise<unknown> =>
    untilCondition(lab, ['loadbalancer/api', 'Ready'], (each) => each.status === 'True', seconds);

  async function metric(series: string): Promise<number> {
    const text = await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  const applies = (): Promise<number> => metric('k8slab_driver_mutations_total{driver="haproxy",op="apply"}');
  /** An application is counted once the guest has told how it went, which is after HAProxy serves it. */
  async function untilApplied(count: number): Promise<void> {
    await poll(async () => ((await applies()) >= count ? true : undefined), {
      timeoutMs: 30_000,
      intervalMs: 100,
    });
    assert.equal(await applies(), count);
  }

  const drifts = (): Promise<number> => metric('k8slab_drift_total{kind="LoadBalancer",name="api"}');

  const passes = (): Promise<number> =>
    metric('controller_runtime_reconcile_time_seconds_count{controller="loadbalancer"}');

  async function answers(count: number): Promise<string[]> {
    const script = `for i in $(seq ${count}); do curl -s -m 10 http://${LB}:6443/; done | sort -u`;
    return (await lab.must(['sh', '-c', script])).trim().split('\n');
  }

  it("gets HAProxy from the guest's own package manager, enabled and with a file nobody else can read", async () => {
    const { stdout } = await ssh(
      'dpkg-query -W haproxy; systemctl is-enabled haproxy; sudo stat -c "%U:%G %a" /etc/haproxy/haproxy.cfg',
    );

    assert.match(stdout, /^haproxy\t\S+\nenabled\nroot:root 600\n$/);
    assert.match((await ssh('cat /var/lib/apt/lists/*Packages')).stdout, /Package: haproxy/);
  });

  it('lets a client on the vmhost through to every master', async () => {
    assert.deepEqual(await answers(9), Object.keys(MASTERS));
    assert.deepEqual(await statistics(), ['master00 UP', 'master01 UP', 'master02 UP']);
    assert.deepEqual(
      (await status()).servers?.map(({ node, address, state }) => [node, address, state.split(' ')[0]]),
      Object.entries(MASTERS).map(([name, address]) => [name, address, 'UP']),
    );
    assert.equal(
      await metric(
        'k8slab_loadbalancer_server_up{name="api",backend="mgmt6443",server="master02.k8s-thw.local"}',
      ),
      1,
    );
  });

  it('is found well by k8slab verify, which asks HAProxy and the masters themselves', async () => {
    const { code, stdout } = await verify(lab);

    assert.equal(code, 0, stdout);
    const found = [...stdout.matchAll(/^loadbalancer\/api +(\w+) +(\w+) +\S+ +(.*)$/gm)].map(
      ([, ...cells]) => cells,
    );
    assert.deepEqual(found.slice(1), [
      ['backend', 'ok', '3 of 3 servers of mgmt6443 are up'],
      ['frontend', 'ok', `main answers on ${LB}:6443`],
    ]);
    assert.match(found[0]?.join(' ') ?? '', /^haproxy ok HAProxy \d.* answers on loadbalancer$/);
    assert.match(stdout, /node\/loadbalancer +guest-dns +ok +\S+ +finds 3 guests, both ways/);
  });

  it('E64: shows its statistics to who knows the password, which is nowhere else', async () => {
    const url = `http://${LB}:9000/haproxy_stats`;
    const code = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}'];

    assert.equal(await lab.must([...code, url]), '401');
    assert.equal(await lab.must([...code, '-u', 'admin:password', url]), '401');
    assert.equal(await lab.must([...code, '-u', `admin:${PASSWORD}`, url]), '200');
    const said = [
      await lab.must(['k8slab', 'get', 'loadbalancer/api', '-o', 'yaml']),
      await lab.must(['journalctl', '-u', 'k8slabd', '-o', 'cat', '--no-pager']),
      await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']),
      await lab.must(['curl', '-s', '--unix-socket', '/run/k8slab/k8slab.sock', 'http://x/api/v1/events']),
      (await ssh('sudo journalctl -o cat --no-pager; ps axww')).stdout,
    ];
    for (const text of said) assert.doesNotMatch(text, /s3cret/);
  });

  it('E67: writes and reloads nothing when nothing changed, also after a restart of the daemon', async () => {
    const { lastReload } = await status();
    assert.equal((await lab.exec(['k8slab', 'plan'])).code, 0);

    await lab.must(['systemctl', 'restart', 'k8slabd']);
    await allReady(lab, 90);

    assert.equal(await applies(), 0);
    assert.equal((await status()).lastReload?.slice(0, 16), lastReload?.slice(0, 16));
  });

  it('E66: follows a master that is removed within seconds, and one that comes back, with a reload for each step', async () => {
    const before = await applies();
    const allowed = await followedSeconds(lab);
    await lab.must(['rm', '/etc/k8slab.d/master02.yaml']);
    const seconds = await secondsUntil((servers) => !servers.join().includes('master02'));
    console.log(`# a removed master is followed after ${seconds.toFixed(1)} s`);
    await untilApplied(before + 1);

    await applyManifests(lab, [['master02.yaml', master('master02')]]);
    await secondsUntil((servers) => servers.includes('master02 MAINT'));
    await untilApplied(before + 2);
    await secondsUntil((servers) => servers.includes('master02 UP'));
    await untilApplied(before + 3);
    await ready();

    assert.ok(seconds <= allowed, `${seconds} s of ${allowed}`);
    assert.deepEqual(await answers(9), Object.keys(MASTERS));
  });

  it('E76: follows a master that is re-addressed within seconds', async () => {
    const before = await applies();
    const allowed = await followedSeconds(lab);
    await applyManifests(lab, [['master01.yaml', master('master01', '192.168.111.136')]]);
    // Off at its new address until it is there; the others go on.
    const seconds = await secondsUntil((servers) => servers.includes('master01 MAINT'));
    console.log(`# a re-addressed master is followed after ${seconds.toFixed(1)} s`);

    // It may be taken off before it is known by its new address.
    const atNew = /server master01\S* 192\.168\.111\.136:6443 check disabled\n/;
    const isTold = async (): Promise<true | undefined> => (atNew.test(await config()) ? true : undefined);
    assert.ok(await poll(isTold, { timeoutMs: 20_000, intervalMs: 500 }), await config());
    assert.ok(seconds <= allowed, `${seconds} s of ${allowed}`);
    await untilApplied(before + 1);
    assert.deepEqual(await answers(6), ['master00', 'master02']);

    await applyManifests(lab, [['master01.yaml', master('master01')]]);
    await secondsUntil((servers) => servers.includes('master01 UP'));
    await ready();
  });

  it('E69: loses none of 1,000 connections during ten reloads', async () => {
    const before = (await status()).lastReload;
    await lab.writeFile('/root/connect.py', CONNECT);
    const clients = lab.must(['python3', '/root/connect.py', LB, '1000'], { timeoutMs: 300_000 });
    const reloads = `i=0; while [ $i -lt 10 ]; do sudo systemctl reload haproxy; i=$((i + 1)); sleep 1; done`;

    const [failed] = await Promise.all([clients, ssh(reloads, 300_000)]);

    console.log(`# ${failed.trim()}`);
    assert.match(failed, /^1000 connections, 0 failed/);
    await untilCondition(lab, ['loadbalancer/api', 'Ready'], ({ status }) => status === 'True');
    assert.notEqual((await status()).lastReload, before);
  });

  it('E68: changes nothing for a raw section that HAProxy refuses, and tells its words', async () => {
    const before = [await config(), (await ssh('systemctl show -P MainPID haproxy')).stdout];
    await applyManifests(lab, [
      ['haproxy.yaml', loadBalancer('  extraConfig: |\n    listen x\n        nonsense\n')],
    ]);

    const found = await untilCondition(
      lab,
      ['loadbalancer/api', 'Configured'],
      ({ reason }) => reason === 'ConfigRejected',
    );

    assert.match(found.message, /unknown keyword 'nonsense'/);
    assert.deepEqual([await config(), (await ssh('systemctl show -P MainPID haproxy')).stdout], before);
    assert.deepEqual(await answers(9), Object.keys(MASTERS));
    await applyManifests(lab, [['haproxy.yaml', loadBalancer()]]);
    await ready();
  });

  it('goes back to what it served when a port of the new configuration is taken', async () => {
    const before = await config();
    await ssh('sudo systemd-run --unit=squatter python3 -m http.server 8080');
    const extra = '  extraConfig: |\n    listen x\n        bind *:8080\n        mode http\n';
    await applyManifests(lab, [['haproxy.yaml', loadBalancer(extra)]]);

    const found = await untilCondition(
      lab,
      ['loadbalancer/api', 'Ready'],
      ({ reason }) => reason === 'ConfigNotServed',
    );

    assert.match(found.message, /8080/);
    assert.equal(await config(), before);
    assert.deepEqual(await answers(9), Object.keys(MASTERS));
    await ssh('sudo systemctl stop squatter');
    await ready();
    assert.equal((await lab.exec(['curl', '-s', '-m', '3', `http://${LB}:8080/`])).code, 0);
    const applied = await applies();
    await applyManifests(lab, [['haproxy.yaml', loadBalancer()]]);
    await untilConfig(before);
    await untilApplied(applied + 1);
  });

  it('E73: repairs what is done to it by hand: its file, its unit, its process', async () => {
    const [good, before] = [await config(), await drifts()];
    // A repair is counted once the guest has told how it went: until then it would mend the next damage as well.
    const isTold = async (repairs: number): Promise<void> => {
      const look = async () => ((await drifts()) >= before + repairs ? true : undefined);
      assert.ok(await poll(look, { timeoutMs: 60_000, intervalMs: 200 }), `${repairs} are not counted`);
    };
    await ssh('sudo sh -c "echo garbage >/etc/haproxy/haproxy.cfg; chmod 644 /etc/haproxy/haproxy.cfg"');
    await untilConfig(good);
    assert.equal((await ssh('sudo stat -c %a /etc/haproxy/haproxy.cfg')).stdout, '600\n');
    await isTold(1);

    await ssh('sudo systemctl disable --now haproxy');
    await secondsUntil((servers) => servers.includes('master00 UP'));
    await ready();
    assert.equal(
      (await ssh('systemctl is-enabled haproxy; systemctl is-active haproxy')).stdout,
      'enabled\nactive\n',
    );
    await isTold(2);

    await ssh('sudo systemctl kill -s KILL haproxy');
    await secondsUntil((servers) => servers.includes('master00 UP'));
  });

  it("runs nothing on a guest that shows another host key, says so, and goes on when it is the guest's own again", async () => {
    const swap = (from: string): string =>
      [
        'cd /etc/ssh',
        from,
        'systemctl restart ssh',
        // The connections that are open are not what is to be verified.
        'pkill -f "sshd: centos"',
      ].join('; ');
    await ssh(
      `sudo sh -c '${swap('mv ssh_host_ed25519_key own; mv ssh_host_ed25519_key.pub own.pub; ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key')}'`,
    );
    const found = await untilCondition(
      lab,
      ['loadbalancer/api', 'HostKeyMismatch'],
      ({ status }) => status === 'True',
      120,
    );
    assert.match(found.message, /it shows host key SHA256:/);
    const ran = (): Promise<CommandResult> =>
      lab.exec([
        'ssh',
        ...BLIND,
        'sudo journalctl -o cat _COMM=sudo --no-pager | grep -c "COMMAND=/usr/bin/sh"',
      ]);
    const first = (await ran()).stdout;
    assert.match(first, /^[1-9]\d*\n$/);
    const looks = await passes();
    const looked = await poll(async () => ((await passes()) >= looks + 2 ? true : undefined), {
      timeoutMs: 90_000,
      intervalMs: 500,
    });
    assert.ok(looked, 'the guest was looked at again');
    assert.equal((await ran()).stdout, first, 'no script was run there meanwhile');
    assert.deepEqual(await answers(9), Object.keys(MASTERS));

    await lab
      .must([
        'ssh',
        ...BLIND,
        `sudo sh -c '${swap('mv own ssh_host_ed25519_key; mv own.pub ssh_host_ed25519_key.pub')}'`,
      ])
      .catch(() => undefined);
    await ready(120);
    assert.equal(
      (await getObject(lab, 'loadbalancer/api'))?.status.conditions.some(
        ({ type }) => type === 'HostKeyMismatch',
      ),
      false,
    );
  });

  it('E59: brings packages up to date, one guest after the other, waiting for locks, and stops at a failure', async () => {
    await ssh('sudo apt-get update && sudo apt-get install -y lab-tool', 120_000);
    await repository.publish('lab-tool', '2.0');
    await ssh(`sudo systemd-run --unit=holder python3 -c '${HOLD_LOCK}'`);

    const update = await lab.exec(['k8slab', 'update-packages', '--role', 'lb'], { timeoutMs: 300_000 });

    assert.equal(update.code, 0, update.stdout);
    assert.match(update.stdout, /^loadbalancer: updating \(1 of 1\)\n/);
    assert.match(update.stdout, /waiting for another package manager|Waiting for cache lock/);
    assert.match(update.stdout, /loadbalancer: updated in \d+ s\n1 updated\n$/);
    assert.equal((await ssh("dpkg-query -W -f '${Version}' lab-tool")).stdout, '2.0');

    const masters = await lab.exec(['k8slab', 'update-packages', '--role', 'master'], { timeoutMs: 60_000 });

    assert.equal(masters.code, 1);
    assert.match(masters.stdout, /master00: failed: .*none of apt-get, dnf and yum/);
    assert.match(masters.stdout, /0 updated, 1 failed \(master00\), 2 not tried \(master01, master02\)\n$/);
    assert.equal((await lab.exec(['k8slab', 'update-packages', 'nobody'])).code, 1);
  });

  it('survives a reboot of its guest', async () => {
    await ssh('sudo systemctl reboot');
    await untilCondition(lab, ['loadbalancer/api', 'Serving'], ({ status }) => status !== 'True', 120);
    await upAgain(lab, 'loadbalancer', ready);

    assert.deepEqual(await answers(9), Object.keys(MASTERS));
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { Vmhost } from '../lab/lab.ts';
import { expectOneGap, startPing, type Gaps } from './gaps.ts';
import { OUTSIDE } from './bed.ts';
import { bootVmhosts, conditionIn, smallNode, type ManyVmhosts, type Served } from './many-vmhosts-bed.ts';
import { nodeReady, until } from './node-bed.ts';

const TUTORIAL = ['loadbalancer', 'master00', 'master01', 'master02', 'worker00'];
const MASTERS = TUTORIAL.filter((name) => name.startsWith('master'));
/** As long as a vmhost that is away may go unnoticed. */
const NOTICED_SECONDS = 40;

/** How long the API server is away at least; ten minutes where somebody asks for them. */
const OUTAGE_SECONDS = Number(process.env['K8SLAB_OUTAGE_SECONDS'] ?? 0);

/** How many lists of our kinds the API server has answered the daemon since it started. */
async function lists(vmhost: Vmhost): Promise<number> {
  const text = await vmhost.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);
  const sum = (series: string): number =>
    KINDS.all
      .flatMap(({ kind }) => [
        ...text.matchAll(
          new RegExp(
            `^k8slab_driver_${series}\\{driver="kube",op="list-${kind.toLowerCase()}"\\} (\\d+)$`,
            'gm',
          ),
        ),
      ])
      .reduce((all, [, value]) => all + Number(value), 0);
  return sum('call_duration_seconds_count') - sum('errors_total');
}

/** The tutorial's lab and two more Nodes over three vmhosts, on a real API server. */
describe('many vmhosts', () => {
  let many: ManyVmhosts;
  before(async () => {
    many = await bootVmhosts({ name: 'e2e-many' });
    await many.apply(smallNode('worker01'), smallNode('worker02'));
    await many.nodesReady(7);
  });
  after(() => many.lab.down());

  async function domains(vmhost: Vmhost, ...flags: string[]): Promise<string[]> {
    const names = await vmhost.must(['virsh', 'list', '--name', ...flags]);
    return names
      .split('\n')
      .filter((name) => name !== '')
      .toSorted();
  }

  function boundTo(nodes: readonly Served[], vmhost: Vmhost): string[] {
    return nodes
      .filter(({ status }) => status?.vmhost === vmhost.hostname)
      .map(({ metadata }) => metadata.name)
      .toSorted();
  }

  async function expectNoneLost(pings: readonly (() => Promise<Gaps>)[]): Promise<void> {
    for (const end of pings) {
      const { sent, lost } = await end();
      console.log(`# ${lost} of ${sent} pings lost`);
      assert.equal(lost, 0, `${lost} of ${sent} pings are lost`);
    }
  }

  it('spreads the Nodes, the masters one on each, and each vmhost has the guests that are bound to it', async () => {
    const nodes = await many.list('kn');
    const masters = nodes.filter(({ metadata }) => MASTERS.includes(metadata.name));

    assert.equal(new Set(masters.map(({ status }) => status?.vmhost)).size, 3);
    for (const vmhost of many.lab.vmhosts) {
      const bound = boundTo(nodes, vmhost);
      assert.ok(bound.length >= 2, `${vmhost.hostname} has ${bound.join(', ')}`);
      assert.deepEqual(await domains(vmhost), bound);
    }
  });

  it('verifies from every vmhost', async () => {
    for (const vmhost of many.lab.vmhosts) {
      const { code, stdout } = await vmhost.exec(['k8slab', 'verify']);
      assert.match(stdout, / 0 failed/, `${vmhost.hostname}: ${stdout}`);
      assert.equal(code, 0);
    }
  });

  it('lets every vmhost log in at every guest, through its own vmhost where needed', async () => {
    for (const vmhost of many.lab.vmhosts) {
      for (const name of TUTORIAL) {
        const said = await vmhost.must(['ssh', '-o', 'BatchMode=yes', name, 'hostname']);
        assert.equal(said.trim().split('.')[0], name, `from ${vmhost.hostname}`);
      }
    }
  });

  it('costs guests on different vmhosts no ping when a Node is added and removed', async () => {
    const from = await many.vmhostOf('master00');
    const pings = await Promise.all(
      ['master01.k8s-thw.local', 'master02.k8s-thw.local'].map((to) => startPing(from, 'master00', to)),
    );

    await many.apply(smallNode('worker03'));
    await many.nodesReady(8, 180);
    await many.controlPlane.mustKubectl(['delete', 'kn', 'worker03', '--timeout=120s']);

    await expectNoneLost(pings);
    for (const vmhost of many.lab.vmhosts) {
      assert.ok(!(await domains(vmhost, '--all')).includes('worker03'));
    }
  });

  it('restarts the network of one vmhost for one gap to the outside, of its guests alone', async () => {
    const [one, other] = [await many.vmhostOf('master00'), await many.vmhostOf('master01')];
    const others = many.lab.vmhosts.filter((vmhost) => vmhost !== one);
    const systemctl = (verb: string): Promise<unknown> =>
      Promise.all(others.map((vmhost) => vmhost.must(['systemctl', verb, 'k8slabd.service'])));
    const { networks: [master01] = [] } = (await many.get('kn', 'master01'))?.spec ?? {};
    const rename = async (domain: string, on: readonly Vmhost[]): Promise<void> => {
      const patch = JSON.stringify({ spec: { domain } });
      await many.controlPlane.mustKubectl(['patch', 'knet', 'k8s-net', '--type=merge', '-p', patch]);
      const isRenamed = async (vmhost: Vmhost): Promise<boolean> =>
        (await vmhost.must(['virsh', 'net-dumpxml', 'k8s-net'])).includes(`<domain name='${domain}'`);
      await until(`the domain is ${domain}`, async () =>
        (await Promise.all(on.map(isRenamed))).every(Boolean),
      );
    };
    await systemctl('stop');
    const across = await startPing(one, 'master00', master01?.address ?? '');
    const [gap, none] = [
      await startPing(one, 'master00', OUTSIDE),
      await startPing(other, 'master01', OUTSIDE),
    ];

    const since = (await one.must(['date', '+@%s'])).trim();
    await rename('other.local', [one]);

    const felt = await gap();
    console.log(`# outside: ${felt.lost} of ${felt.sent} pings lost within ${felt.spanSeconds.toFixed(2)} s`);
    expectOneGap(felt, await one.must(['journalctl', '--no-pager', '-o', 'cat', '-S', since]));
    await expectNoneLost([across, none]);
    await systemctl('start');
    await rename('k8s-thw.local', many.lab.vmhosts);
    await many.nodesReady(7, 120);
  });

  it('drains a vmhost of what can be made anew elsewhere, and of nothing else', async () => {
    const [drained] = many.lab.vmhosts;
    assert.ok(drained);
    const renewable = '  policy: {reclaim: Delete}\n';
    const others = many.lab.vmhosts.filter((vmhost) => vmhost !== drained);
    const cordon = (verb: string): Promise<unknown> =>
      Promise.all(others.map((vmhost) => vmhost.must(['k8slab', verb, vmhost.hostname])));
    await cordon('cordon');
    await many.apply(smallNode('worker04', renewable));
    await many.nodesReady(8, 180);
    await cordon('uncordon');
    const before = (await domains(drained)).filter((name) => name !== 'worker04');
    const [other] = others;
    const refused = await other?.exec(['k8slab', 'drain', drained.hostname, '--yes']);
    assert.match(refused?.stderr ?? '', new RegExp(`on ${drained.hostname}.*kubectl patch`));

    const { stderr, stdout } = await drained.exec(['k8slab', 'drain', drained.hostname, '--yes']);

    assert.match(stderr, /worker04 +goes: .*lost/);
    assert.match(stdout, /1 go, \d stay/);
    await until('worker04 is gone', async () => !(await domains(drained, '--all')).includes('worker04'), 120);
    await many.nodesReady(8, 180);
    assert.notEqual((await many.vmhostOf('worker04')).hostname, drained.hostname);
    assert.deepEqual(await domains(drained), before);
    await drained.must(['k8slab', 'uncordon', drained.hostname]);
    await many.controlPlane.mustKubectl(['delete', 'kn', 'worker04', '--timeout=120s']);
  });

  it('repairs drift and deletes nothing while the API server is away', async () => {
    const vmhost = await many.vmhostOf('worker00');
    const before = await Promise.all(many.lab.vmhosts.map((each) => domains(each)));
    const pinging = await many.vmhostOf('master00');
    const pings = await Promise.all(
      ['master01', 'master02'].map((to) => startPing(pinging, 'master00', `${to}.k8s-thw.local`)),
    );

    await many.controlPlane.stop();
    const since = performance.now();
    const drift = async (): Promise<void> => {
      await vmhost.must(['virsh', 'destroy', 'worker00']);
      await until('worker00 runs again', async () => (await domains(vmhost)).includes('worker00'), 120);
    };
    await drift();
    await Promise.all(
      [vmhost, pinging].map((each) => each.must(['systemctl', 'restart', 'k8slabd.service'])),
    );
    await drift();
    while (performance.now() - since < OUTAGE_SECONDS * 1000) {
      // One that does not last is tried again later and later.
      await nodeReady(vmhost, 'worker00', 180);
      await drift();
    }
    await expectNoneLost(pings);
    const meanwhile = await Promise.all(many.lab.vmhosts.map((each) => domains(each)));
    const listed = await Promise.all(many.lab.vmhosts.map(lists));
    await many.controlPlane.start();

    assert.deepEqual(meanwhile, before);
    const more = async (): Promise<number[]> =>
      (await Promise.all(many.lab.vmhosts.map(lists))).map((count, at) => count - (listed[at] ?? 0));
    const restarted = new Set([vmhost, pinging]).size;
    // Whoever was not restarted goes on watching where it was.
    await until('those that were restarted have listed', async () => {
      return (await more()).filter((count) => count >= KINDS.all.length).length >= restarted;
    });
    await many.nodesReady(7, 120);
    const counts = await more();
    console.log(`# lists that were answered after the outage: ${counts.join(', ')}`);
    assert.ok(
      counts.every((count) => count <= KINDS.all.length),
      counts.join(', '),
    );
  });

  it('says within 40 s that a vmhost is away, moves nothing, and has it back', async () => {
    const away = await many.vmhostOf('master02');
    const bindings = async (): Promise<string[]> =>
      (await many.list('kn')).map(({ metadata, status }) => `${metadata.name} ${status?.vmhost}`);
    const before = await bindings();
    const is = async (resource: string, name: string, status: string): Promise<boolean> =>
      conditionIn(await many.get(resource, name), 'Ready')?.status === status;

    await away.kill();
    await until('its Vmhost is Unknown', () => is('kvh', away.hostname, 'Unknown'), NOTICED_SECONDS);
    await until('its Node is Unknown', () => is('kn', 'master02', 'Unknown'), NOTICED_SECONDS);
    const events = await many.controlPlane.mustKubectl(['get', 'events', '-A']);
    assert.deepEqual(await bindings(), before);
    await away.boot();

    assert.match(events, new RegExp(`vmhost/${away.hostname}`, 'i'));
    await many.nodesReady(7, 240);
    assert.deepEqual(await bindings(), before);
  });

  it('goes on placing when the elected daemon is killed, and gives no address twice', async () => {
    const names = ['more00', 'more01', 'more02', 'more03'];
    const lease = ['get', 'lease', '-n', 'k8slab-system', 'k8slab-scheduler'];
    const holder = await many.controlPlane.mustKubectl([...lease, '-o', 'jsonpath={.spec.holderIdentity}']);
    const elected = many.lab.vmhosts.find(({ hostname }) => holder.includes(hostname));
    assert.ok(elected, holder);

    const applied = many.apply(...names.map((name) => smallNode(name, '  power: Stopped\n')));
    await elected.must(['systemctl', 'kill', '-s', 'KILL', 'k8slabd.service']);
    await elected.must(['systemctl', 'stop', 'k8slabd.service']);
    await applied;
    const bound = async (): Promise<boolean> =>
      (await many.list('kn')).filter(({ metadata, status }) => {
        return names.includes(metadata.name) && status?.vmhost !== undefined;
      }).length === names.length;
    await until('all are bound', bound, 60);
    await elected.must(['systemctl', 'start', 'k8slabd.service']);

    const { allocations = [] } = (await many.get('knet', 'k8s-net'))?.status ?? {};
    const addresses = allocations.map(({ address }) => address);
    assert.equal(new Set(addresses).size, addresses.length, addresses.join(' '));
    assert.ok(names.every((name) => allocations.some(({ node }) => node === name)));
  });
});

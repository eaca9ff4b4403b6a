import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Vmhost } from '../lab/lab.ts';
import { startPing } from './gaps.ts';
import { bootVmhosts, conditionIn, smallNode, type ManyVmhosts, type Served } from './many-vmhosts-bed.ts';
import { until } from './node-bed.ts';

const TUTORIAL = ['loadbalancer', 'master00', 'master01', 'master02', 'worker00'];
const MASTERS = TUTORIAL.filter((name) => name.startsWith('master'));
/** As long as a vmhost that is away may go unnoticed. */
const NOTICED_SECONDS = 40;

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

    for (const end of pings) {
      const { sent, lost } = await end();
      assert.equal(lost, 0, `${lost} of ${sent} pings are lost`);
    }
    for (const vmhost of many.lab.vmhosts) {
      assert.ok(!(await domains(vmhost, '--all')).includes('worker03'));
    }
  });

  it('repairs drift and deletes nothing while the API server is away', async () => {
    const vmhost = await many.vmhostOf('worker00');
    const before = await Promise.all(many.lab.vmhosts.map((each) => domains(each)));

    await many.controlPlane.stop();
    await vmhost.must(['virsh', 'destroy', 'worker00']);
    await until('worker00 runs again', async () => (await domains(vmhost)).includes('worker00'), 120);
    await vmhost.must(['systemctl', 'restart', 'k8slabd.service']);
    await vmhost.must(['virsh', 'destroy', 'worker00']);
    await until('worker00 runs again', async () => (await domains(vmhost)).includes('worker00'), 120);
    const meanwhile = await Promise.all(many.lab.vmhosts.map((each) => domains(each)));
    await many.controlPlane.start();

    assert.deepEqual(meanwhile, before);
    await many.nodesReady(7, 120);
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

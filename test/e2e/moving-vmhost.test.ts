import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ControlPlane } from '../lab/control-plane.ts';
import type { Lab } from '../lab/lab.ts';
import { allReady, applyManifests, bootLab, mutatingCalls, startDaemon, tutorialManifests } from './bed.ts';
import { startPing } from './gaps.ts';
import { manyVmhosts, smallNode, type ManyVmhosts } from './many-vmhosts-bed.ts';

const NODES = ['worker00', 'worker01', 'worker02'];
const CONFIG = '/etc/k8slab/k8slabd.yaml';

/** The vmhost of a lab that runs from the directory, and an API server that knows nothing of it. */
describe('a lab that moves to an API server and back', () => {
  let lab: Lab;
  let many: ManyVmhosts;
  let shared: string;
  before(async () => {
    lab = await bootLab({ name: 'e2e-moving', controlPlane: true });
    assert.ok(lab.controlPlane);
    many = manyVmhosts(lab, lab.controlPlane);
    shared = await lab.must(['cat', CONFIG]);
    await lab.writeFile(CONFIG, '{}\n');
    const tutorial = [...tutorialManifests()].filter(([name]) => /^(guest|k8s-net)\.yaml$/.test(name));
    await applyManifests(lab, [
      ...tutorial,
      ...NODES.map((name) => [`${name}.yaml`, smallNode(name)] as const),
    ]);
    await startDaemon(lab);
    await allReady(lab, 180);
  });
  after(() => lab.down());

  /** All that would be another one, had it been started or made anew. */
  function machines(): Promise<string> {
    const asked = [
      ...NODES.map((name) => `virsh domid ${name}`),
      'cat /run/libvirt/network/k8s-net.pid /sys/class/net/virbr1/ifindex',
      'stat -c "%n %i %W" /var/lib/libvirt/images/k8slab/disks/*',
      ...NODES.map((name) => `virsh domiflist ${name}`),
      'k8slab get network/k8s-net -o jsonpath={.status.entries}',
    ];
    return lab.must(['sh', '-ec', asked.join('\n')]);
  }

  async function moved(how: () => Promise<void>): Promise<void> {
    const before = await machines();
    const pings = [
      await startPing(lab, undefined, 'worker00'),
      await startPing(lab, 'worker01', 'worker02.k8s-thw.local'),
    ];
    await how();
    const gaps = await Promise.all(pings.map((end) => end()));
    assert.deepEqual([await machines(), await mutatingCalls(lab)], [before, []]);
    for (const { sent, lost, spanSeconds } of gaps)
      assert.equal(lost, 0, `${lost} of ${sent} pings are lost, within ${spanSeconds} s`);
    console.log(`# ${gaps.map(({ sent }) => sent).join(' and ')} pings, none lost`);
  }

  const restart = (config: string): Promise<void> =>
    lab.writeFile(CONFIG, config).then(async () => {
      await lab.must(['systemctl', 'restart', 'k8slabd.service']);
    });

  it('costs no guest anything on the way there', async () => {
    await moved(async () => {
      const exported = await lab.must(['k8slab', 'export']);
      await many.controlPlane.mustKubectl(['apply', '--server-side', '-f', '-'], { input: exported });
      await restart(shared);
      await many.nodesReady(NODES.length, 120);
    });
    const nodes = await many.list('kn');
    assert.ok(nodes.every(({ status }) => status?.vmhost === lab.hostname));
  });

  it('costs no guest anything on the way back', async () => {
    await moved(async () => {
      await lab.must(['sh', '-ec', 'mv /etc/k8slab.d /etc/k8slab.d.before; k8slab export /etc/k8slab.d']);
      await restart('{}\n');
      await allReady(lab, 120);
      await forgetThere(many.controlPlane);
    });
    assert.match(await lab.must(['k8slab', 'plan']), /^Nothing to do/);
  });
});

/** As docs/many-vmhosts-setup.md has it, once the vmhost reads its directory. */
async function forgetThere({ mustKubectl }: ControlPlane): Promise<void> {
  await mustKubectl(['delete', 'k8slab', '--all', '--wait=false']);
  const names = await mustKubectl(['get', 'k8slab', '-o', 'name']);
  for (const name of names.split('\n').filter((each) => each !== ''))
    await mustKubectl(['patch', name, '--type', 'merge', '-p', '{"metadata":{"finalizers":null}}']);
  assert.equal(await mustKubectl(['get', 'k8slab', '-o', 'name']), '');
}

import type { Lab } from '../lab/lab.ts';
import { byAnsible, type ByAnsible } from './ansible.ts';
import { defineByPrograms, defineByScript } from './by-hand.ts';
import { applyManifests } from './daemon.ts';
import type { Context, Group, Row } from './line.ts';

const MOST_MS = 900_000;
const FEW = 100;

/** All Nodes from nothing to defined: overlay, seed and domain of each. The Nodes stay for the lines after it. */
export const define: Group = {
  name: 'define',
  needs: 'an empty lab',
  async run(context) {
    const { nodes, lab, daemon, report } = context;
    report('a sample by Ansible');
    const ansible = await byAnsible(lab, report);
    if (nodes <= FEW) return [await defineAll(context, nodes, ansible)];
    const few = await defineAll(context, FEW, ansible);
    await daemon.stop();
    await empty(lab);
    return [few, await defineAll(context, nodes, ansible)];
  },
};

async function defineAll(
  { lab, daemon, report }: Context,
  nodes: number,
  ansible: ByAnsible | undefined,
): Promise<Row> {
  report(`${nodes} Nodes by hand`);
  const limit = await defineByPrograms(lab, nodes);
  const obvious = await defineByScript(lab, nodes);
  await applyManifests(lab, nodes);
  report(`${nodes} Nodes by k8slabd`);
  const began = performance.now();
  await daemon.start();
  const done = await daemon.untilNodes(nodes, 'Defined', MOST_MS);
  const work = `${nodes} Nodes from nothing to defined`;
  const others = ansible === undefined ? { obvious } : { obvious, ansible: ansible.first(nodes) };
  const row = { work, limit, ...others, target: { times: 1.5 } };
  if (done) return { ...row, k8slab: (performance.now() - began) / 1000 };
  const defined = (await daemon.metrics()).nodesWith('Defined');
  return { ...row, k8slab: NaN, note: `cut off: ${defined} after ${MOST_MS / 60_000} minutes` };
}

/** As if k8slab had never been there. */
async function empty(lab: Lab): Promise<void> {
  const input = `rm -rf /etc/k8slab.d/* /var/lib/k8slab/* /var/lib/libvirt/images/k8slab
for name in $(virsh list --all --name); do echo "undefine $name"; done | virsh -q
for name in $(virsh net-list --all --name); do echo "net-destroy $name"; echo "net-undefine $name"; done | virsh -q
true`;
  await lab.must(['bash', '-s'], { input, timeoutMs: 600_000 });
}

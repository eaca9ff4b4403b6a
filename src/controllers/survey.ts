import { begunNode, markedNetwork, markedNode, type Marked } from '../api/ownership/orphan.ts';
import type { Disks } from '../drivers/disks.ts';
import type { LibvirtView } from '../drivers/libvirt.ts';

/**
 * Every domain and network in libvirt that carries our mark under its own name, and the Nodes of which there is but a
 * part of a disk. Changes nothing.
 */
export async function surveyMarked(view: LibvirtView, disks: Pick<Disks, 'leftovers'>): Promise<Marked[]> {
  const [{ networks }, { domains }] = [await view.surveyNetworks(), await view.survey()];
  const marked = [
    ...networks.map(({ config }) => markedNetwork(config)),
    ...domains.map(({ config }) => markedNode(config)),
    ...(await disks.leftovers()).map(begunNode),
  ];
  return marked.filter((object) => object !== undefined);
}

import { markedNetwork, markedNode, type Marked } from '../api/ownership/orphan.ts';
import type { LibvirtView } from '../drivers/libvirt.ts';

/** Every domain and network in libvirt that carries our mark under its own name. Changes nothing. */
export async function surveyMarked(view: LibvirtView): Promise<Marked[]> {
  const [{ networks }, { domains }] = [await view.surveyNetworks(), await view.survey()];
  const marked = [
    ...networks.map(({ config }) => markedNetwork(config)),
    ...domains.map(({ config }) => markedNode(config)),
  ];
  return marked.filter((object) => object !== undefined);
}

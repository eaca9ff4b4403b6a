import { parseDomain } from '../api/libvirt/domain.ts';
import { parseNetwork } from '../api/libvirt/network.ts';
import { markedNetwork, markedNode, type Marked } from '../api/ownership/orphan.ts';
import type { Libvirt } from '../drivers/libvirt.ts';

/** Every domain and network in libvirt that carries our mark under its own name. Changes nothing. */
export async function surveyMarked(libvirt: Libvirt): Promise<Marked[]> {
  const marked: (Marked | undefined)[] = [];
  for (const { name } of await libvirt.networks()) {
    const xml = await libvirt.networkXml(name, { inactive: true });
    if (xml !== undefined) marked.push(markedNetwork(parseNetwork(xml)));
  }
  for (const { name } of await libvirt.domains()) {
    const xml = await libvirt.domainXml(name, { inactive: true });
    if (xml !== undefined) marked.push(markedNode(parseDomain(xml)));
  }
  return marked.filter((object) => object !== undefined);
}

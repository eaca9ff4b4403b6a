import { reasonOf, toError } from '../../api/errors.ts';
import { formatSubnet, interfaceOf } from '../../api/ipam/subnet.ts';
import { parseNetwork } from '../../api/libvirt/network.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import type { LibvirtFacts } from './facts.ts';

type Reads = Pick<Libvirt, 'version' | 'networks' | 'networkXml' | 'domains'>;

/** What libvirt has, as far as it matters to others; or why it does not answer. */
export async function lookAtLibvirt(
  libvirt: Reads,
): Promise<LibvirtFacts | { readonly error: string; readonly reason: string }> {
  try {
    const version = await libvirt.version();
    const [networks, domains] = await Promise.all([networksOf(libvirt), libvirt.domains()]);
    const runningDomains = domains.filter(({ state }) => state === 'running').map(({ name }) => name);
    return { version, networks, runningDomains };
  } catch (error) {
    return { error: toError(error).message, reason: reasonOf(error) };
  }
}

/** With the addresses that they have, or will have once they run. */
export async function networksOf(
  libvirt: Pick<Reads, 'networks' | 'networkXml'>,
): Promise<LibvirtFacts['networks']> {
  const found = await Promise.all(
    (await libvirt.networks()).map(async ({ name, persistent }) => {
      const xml = await libvirt.networkXml(name, { inactive: persistent });
      const { ip, bridge } = xml === undefined ? {} : parseNetwork(xml).model;
      const block = ip === undefined ? undefined : interfaceOf(ip);
      return {
        name,
        ...(block === undefined ? {} : { cidr: formatSubnet(block.subnet) }),
        ...(bridge?.name === undefined ? {} : { bridge: bridge.name }),
      };
    }),
  );
  return found;
}

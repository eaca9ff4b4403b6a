import { isOff } from '../libvirt/domains.ts';
import type { Outcome } from './run.ts';

/** What counts once everything has settled: equal for two runs that came to the same. */
export function fingerprint({ world, vmhost }: Outcome): Readonly<Record<string, unknown>> {
  const { store } = vmhost.bed;
  const networks = [...world.networks].map(([name, { config, live, autostart }]) => [
    name,
    { config, active: live !== undefined, autostart },
  ]);
  const domains = [...world.domains].map(([name, domain]) => [
    name,
    // A disk that was made for a guest that was never defined counts as one of an earlier guest.
    {
      xml: domain.xml.replace(' disk="reused"', ''),
      off: isOff(domain),
      autostart: domain.autostart === true,
    },
  ]);
  return {
    networks: sorted(networks),
    domains: sorted(domains),
    disks: sorted([...world.disks]),
    leftovers: [...world.leftovers].sort(),
    seeds: [...world.files.keys()].filter((path) => path.startsWith('/seeds/')).sort(),
    files: sorted([...world.files].filter(([path]) => !path.startsWith('/seeds/'))),
    images: sorted([...world.stored]),
    hostFiles: [...world.hostFiles.keys()].sort(),
    hostKeys: [...world.hostKeys].sort(),
    parked: [...world.parked.keys()],
    leases: sorted(world.leases.map(({ mac, ip }) => [mac, ip])),
    answers: sorted(answers(world)),
    haproxies: sorted(
      [...world.haproxies].map(([address, { observed, text }]) => [address, { observed, text }]),
    ),
    ready: store
      .all()
      .map(({ kind, metadata }) => `${kind}/${metadata.name} ${vmhost.bed.ready(kind, metadata.name)}`),
  };
}

/** What the running dnsmasqs give and answer to those that have a lease. */
function answers({ leases, networks, dnsmasqs }: Outcome['world']): unknown[][] {
  return [...networks.keys()].flatMap((network) =>
    leases.map(({ mac, ip }) => [
      mac,
      network,
      dnsmasqs.reservation(network, mac),
      dnsmasqs.nameOf(network, ip),
    ]),
  );
}

function sorted(entries: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return entries.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

const DISRUPTIVE = /^(shutdownDomain|destroyDomain|rebootDomain|setLink|renewLease) /;

/** What the guests felt, each with how often. */
export function disruptions({ changes }: Pick<Outcome, 'changes'>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const change of changes.filter((each) => DISRUPTIVE.test(each)))
    counts.set(change, (counts.get(change) ?? 0) + 1);
  return counts;
}

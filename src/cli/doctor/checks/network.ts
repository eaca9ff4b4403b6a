import { findClash } from '../../../api/network/neighbours.ts';
import { fail, isUnknown, ok, unknown, warn, type Check } from '../check.ts';
import type { NetworkDemand } from '../demand.ts';
import type { Facts } from '../facts.ts';

type Seen = Pick<
  Facts,
  | 'demand'
  | 'interfaces'
  | 'uplinks'
  | 'routes'
  | 'libvirt'
  | 'ipForward'
  | 'firewall'
  | 'managers'
  | 'port53Taken'
  | 'nameservers'
  | 'hostsSources'
>;

/** How guests reach the outside, and whether their addresses and names are free. */
export function checkNetwork(facts: Seen): Check[] {
  return [
    ...facts.demand.networks.flatMap((network) => [uplink(network, facts), addresses(network, facts)]),
    ...(facts.demand.networks.length === 0 ? [anyUplink(facts)] : []),
    forwarding(facts),
    firewall(facts),
    port53(facts),
    names(facts),
  ];
}

function uplink({ name, dev, forwards }: NetworkDemand, facts: Seen): Check {
  const check = `uplink of ${name}`;
  if (!forwards) return ok(check, 'not needed: the network is isolated');
  if (dev === undefined) return { ...anyUplink(facts), check };
  const found = facts.interfaces.find((each) => each.name === dev);
  if (found === undefined) {
    const [first] = facts.uplinks;
    const hint =
      first === undefined
        ? 'ip link lists them'
        : `the default route leads through ${first}: write dev: ${first}, or leave dev out`;
    return fail(check, `there is no interface ${dev}, by which alone it forwards`, hint);
  }
  if (!found.up) return fail(check, `${dev} is down`, `ip link set ${dev} up, or leave forward.dev out`);
  if (!facts.uplinks.includes(dev)) {
    const others =
      facts.uplinks.length === 0 ? 'there is none' : `it leads through ${facts.uplinks.join(', ')}`;
    return warn(
      check,
      `no default route leads through ${dev} (${others}): guests reach what is beside it only`,
      'ip route',
    );
  }
  return ok(check, `${dev}, with a default route`);
}

function anyUplink({ uplinks }: Seen): Check {
  if (uplinks.length === 0)
    return warn('uplink', 'there is no default route: guests reach no packages and no images', 'ip route');
  return ok('uplink', `the default route leads through ${uplinks.join(', ')}`);
}

/** As k8slabd decides it; the pods' range takes addresses and no bridge. */
function addresses(network: NetworkDemand, { routes, interfaces, libvirt }: Seen): Check {
  const { name, cidr, podRange, bridge } = network;
  const check = `addresses of ${name}`;
  const networks = 'version' in libvirt ? libvirt.networks : [];
  const around = {
    networks: networks.filter((each) => each.name !== name),
    routes: routes.filter(({ dev }) => dev !== bridge),
    ownBridge: networks.find((each) => each.name === name)?.bridge,
    // Whose a bridge is nobody knows where libvirt cannot be asked.
    bridgeNameTaken: 'version' in libvirt && interfaces.some((each) => each.name === bridge),
  };
  const wanted = [{ cidr, bridge }, ...(podRange === undefined ? [] : [{ cidr: podRange }])];
  const clashes = wanted.flatMap((each) => findClash(each, around) ?? []);
  const hint = 'mend spec.cidr, spec.podCIDR or spec.bridge.name in the manifest';
  if (clashes.length > 0) return fail(check, clashes.map(({ message }) => message).join('; '), hint);
  if (!('version' in libvirt))
    return unknown(check, `${cidr} overlaps no route; libvirt's other networks could not be seen`);
  return ok(check, `${cidr} overlaps no route and no other network of libvirt`);
}

function forwarding({ ipForward }: Seen): Check {
  if (isUnknown(ipForward)) return unknown('forwarding', ipForward.unknown);
  if (ipForward) return ok('forwarding', 'net.ipv4.ip_forward is 1');
  const hint = 'echo net.ipv4.ip_forward=1 >/etc/sysctl.d/k8slab.conf && sysctl --system';
  return warn(
    'forwarding',
    'net.ipv4.ip_forward is 0: libvirt turns it on when it starts a network, and others may turn it off again',
    hint,
  );
}

function firewall({ firewall: found, managers }: Seen): Check {
  if (!isUnknown(managers) && managers.includes('ufw')) {
    const hint = 'ufw default allow routed, or ufw route allow in on BRIDGE for each network';
    return warn(
      'firewall',
      'ufw is active, and drops what guests send beyond the vmhost unless it is told otherwise',
      hint,
    );
  }
  const firewalld =
    !isUnknown(managers) && managers.includes('firewalld')
      ? "; firewalld has libvirt's bridges in its zone libvirt"
      : '';
  if (isUnknown(found)) return unknown('firewall', `${found.unknown}${firewalld}`);
  if (found.forwardPolicy === 'ACCEPT')
    return ok('firewall', `nothing is dropped on its way through${firewalld}`);
  const hint =
    "iptables -I FORWARD -i 'virbr+' -j ACCEPT && iptables -I FORWARD -o 'virbr+' -j ACCEPT (with Docker: in its chain DOCKER-USER)";
  return warn(
    'firewall',
    `the chain FORWARD drops what no rule accepts, as Docker sets it: libvirt's own rules let guests out where it uses iptables, not where it uses nftables`,
    hint,
  );
}

function port53({ port53Taken }: Seen): Check {
  if (isUnknown(port53Taken)) return unknown('port 53', port53Taken.unknown);
  if (!port53Taken) return ok('port 53', 'no server has it on all addresses');
  const hint = 'ss -lunp sport = :53 names it; with dnsmasq: bind-interfaces, with bind: listen-on';
  return fail('port 53', "a DNS server has it on all addresses, so that no network's dnsmasq gets it", hint);
}

function names({ nameservers, hostsSources }: Seen): Check {
  if (isUnknown(hostsSources)) return unknown('names', hostsSources.unknown);
  if (!/\bfiles\b/.test(hostsSources)) {
    return fail(
      'names',
      `names are not looked up in /etc/hosts (hosts: ${hostsSources})`,
      'put files first in the line hosts: of /etc/nsswitch.conf',
    );
  }
  if (isUnknown(nameservers)) return unknown('names', nameservers.unknown);
  if (nameservers.length === 0) {
    return warn(
      'names',
      'there is no nameserver in /etc/resolv.conf: guests resolve their own names only',
      'see /etc/resolv.conf, or spec.dns.forwarders of the Network',
    );
  }
  return ok('names', `/etc/hosts, then ${nameservers.join(', ')}`);
}

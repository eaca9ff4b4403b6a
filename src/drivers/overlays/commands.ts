import type {
  OverlayChange,
  OverlayDevice,
  OverlayFilter,
  OverlayNeighbours,
} from '../../api/network/actions.ts';

/** Before the stand-ins of a restart take frames away, see bridges/stand-ins.ts. */
const PRIORITY = -600;
/** The entry for who is not known, and for all. */
const ALL = '00:00:00:00:00:00';

/** Lines for ip(8). */
export function deviceLines(device: OverlayDevice, how: OverlayChange): string[] {
  const { name, vni, port, local, mtu, alias } = device;
  const add = `link add ${name} mtu ${mtu} type vxlan id ${vni} dstport ${port} local ${local} nolearning`;
  return [
    ...(how === 'replace' ? [`link delete ${name}`] : []),
    ...(how === 'change' ? [] : [add]),
    `link set ${name} alias "${alias}"`,
    `link set ${name} addrgenmode none mtu ${mtu}`,
  ];
}

/** Lines for ip(8). While STP runs a port waits seconds before it forwards. */
export function plugLines(plug: {
  readonly device: string;
  readonly bridge: string;
  readonly stp: boolean;
}): string[] {
  const { device, bridge, stp } = plug;
  return [
    `link set ${bridge} type bridge stp_state 0`,
    `link set ${device} master ${bridge}`,
    `link set ${device} up`,
    ...(stp ? [`link set ${bridge} type bridge stp_state 1`] : []),
  ];
}

/** Text for nft(8): one transaction, whatever was there before. */
export function filterText(device: string, { chain, rules }: OverlayFilter): string {
  const hook = `type filter hook ingress device "${device}" priority ${PRIORITY}; policy accept;`;
  const lines = [hook, ...rules].map((line) => `    ${line}\n`).join('');
  return `${noFilterText(device)}table netdev ${device} {\n  chain ${chain} {\n${lines}  }\n}\n`;
}

/** Text for nft(8): that table is gone, also when it was never there. */
export function noFilterText(device: string): string {
  return `add table netdev ${device}\ndelete table netdev ${device}\n`;
}

/**
 * Lines for bridge(8). Who comes is known before the port is closed to all others, and frames are sent to a vmhost before
 * the bridge says that somebody is there.
 */
export function neighbourLines(device: string, { flood, far, behind }: OverlayNeighbours): string[] {
  return [
    ...flood.add.map((address) => `fdb append ${ALL} dev ${device} dst ${address} self permanent`),
    ...far.set.map(([mac, address]) => `fdb replace ${mac} dev ${device} dst ${address} self static`),
    ...behind.add.map((mac) => `fdb replace ${mac} dev ${device} master static`),
    ...behind.remove.map((mac) => `fdb del ${mac} dev ${device} master`),
    ...far.remove.map(([mac, address]) => `fdb del ${mac} dev ${device} dst ${address} self`),
    ...flood.remove.map((address) => `fdb del ${ALL} dev ${device} dst ${address} self`),
    `link set dev ${device} learning off flood off locked on`,
  ];
}

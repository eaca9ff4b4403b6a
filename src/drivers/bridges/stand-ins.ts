/**
 * What takes the place of a port on a parking bridge: a veth pair, one end of it plugged in there. Frames that the port
 * receives are handed to the other end before any bridge sees them, and what arrives at that end leaves by the port. So
 * the port itself may be of no bridge, or of another one, and loses nothing.
 */
export interface StandIn {
  readonly port: string;
  readonly mtu: string;
  /** The bridge keeps it from its like. */
  readonly isolated: boolean;
  readonly end: string;
  /** In the parking bridge; its ifalias is the port's name. */
  readonly plug: string;
}

/** @param ifindex of the port: the kernel gives none twice */
export function standIn(traits: Pick<StandIn, 'port' | 'mtu' | 'isolated'>, ifindex: string): StandIn {
  return { ...traits, end: `k8ss-${ifindex}-0`, plug: `k8ss-${ifindex}-1` };
}

/** Lines for ip(8) that make it and plug it in. */
export function plugIn({ port, mtu, isolated, end, plug }: StandIn, parking: string): string[] {
  return [
    `link add ${end} mtu ${mtu} type veth peer name ${plug} mtu ${mtu}`,
    `link set ${plug} alias ${port}`,
    ...[end, plug].map((name) => `link set ${name} addrgenmode none`),
    `link set ${plug} master ${parking}`,
    ...(isolated ? [`link set ${plug} type bridge_slave isolated on`] : []),
    ...[end, plug].map((name) => `link set ${name} up`),
  ];
}

/**
 * Text for nft(8): whatever an interface receives leaves by another one. tc(8) would do as well, but a queueing
 * discipline stops the interface for a moment when it comes and when it goes.
 */
export function redirection(table: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  const chains = pairs.map(
    ([from, to], index) =>
      `  chain c${index} { type filter hook ingress device "${from}" priority -500; fwd to "${to}"; }\n`,
  );
  return `table netdev ${table} {\n${chains.join('')}}\n`;
}

/** Text for nft(8): that table is gone, also when it was never there. */
export function noRedirection(table: string): string {
  return `add table netdev ${table}\ndelete table netdev ${table}\n`;
}

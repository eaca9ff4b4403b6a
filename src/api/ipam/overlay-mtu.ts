/** Ethernet, IPv4, UDP and VXLAN around each frame of a guest. */
export const VXLAN_OVERHEAD = 50;
const DEFAULT_MTU = 1450;

/** The MTU of a network over several vmhosts, for bridge and guests; undefined for one without an overlay. */
export function overlayMtu(spec: {
  readonly overlay?: object | undefined;
  readonly mtu?: number | undefined;
}): number | undefined {
  return spec.overlay === undefined ? undefined : (spec.mtu ?? DEFAULT_MTU);
}

/** Seconds that guests lose the outside; measured on libvirt 9.0 and 11.3, see docs/disruption.md. */
export const NET_UPDATE_SECONDS = 0.35;
/** The same for a network that is stopped and started while its guests are parked. */
export const NETWORK_RESTART_SECONDS = 0.6;

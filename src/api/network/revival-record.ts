import type { DnsHost } from '../libvirt/network.ts';

/**
 * A record that comes and goes at once: libvirt starts a dead dnsmasq with any update of names, without touching
 * firewall or bridge. Address and name are reserved for what nobody uses (RFC 5737, RFC 2606).
 */
export const REVIVAL_RECORD: DnsHost = { ip: '192.0.2.1', hostnames: ['k8slab-revival.invalid'] };

export function isRevivalRecord(ip: string, name: string): boolean {
  return ip === REVIVAL_RECORD.ip && name === REVIVAL_RECORD.hostnames[0];
}

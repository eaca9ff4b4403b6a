import {
  type Cidr,
  contains,
  formatCidr,
  fromNumber,
  hosts,
  overlaps,
  parseCidr,
  toNumber,
} from '../ipam/ip.ts';
import type { NetworkSpec } from './spec.ts';
import { networkAddresses } from '../ipam/network-addresses.ts';
import { networkAddressIssue } from '../ipam/check.ts';
import type { FieldIssue, FieldPath } from '../manifest/types.ts';

const PREFIX_MIN = 8;
const PREFIX_MAX = 30;
/** libvirt refuses a DHCP range whose ends differ in their first two bytes. */
const DHCP_BLOCK = 2 ** 16;

/** Rules between the fields of a Network. */
export function checkNetwork(spec: NetworkSpec): readonly FieldIssue[] {
  const cidr = parseCidr(spec.cidr);
  const sound = blockIssues(['spec', 'cidr'], spec.cidr);
  return [
    ...sound,
    ...(sound.length > 0 ? [] : [...gatewayIssues(spec, cidr), ...dhcpIssues(spec, cidr)]),
    ...forwardIssues(spec.forward),
    ...podCidrIssues(spec, cidr),
  ];
}

function blockIssues(path: FieldPath, text: string): readonly FieldIssue[] {
  const { prefix } = parseCidr(text);
  if (prefix >= PREFIX_MIN && prefix <= PREFIX_MAX) return networkAddressIssue(path, text);
  return [invalid(path, `the prefix length must be from /${PREFIX_MIN} to /${PREFIX_MAX}, found /${prefix}`)];
}

function gatewayIssues({ gateway }: NetworkSpec, cidr: Cidr): readonly FieldIssue[] {
  return gateway === undefined ? [] : hostIssues(['spec', 'gateway'], gateway, cidr);
}

function dhcpIssues(spec: NetworkSpec, cidr: Cidr): readonly FieldIssue[] {
  const gateway = fromNumber(networkAddresses(spec).gateway);
  const issues = (['start', 'end'] as const).flatMap((field) => {
    const address = spec.dhcp[field];
    const path = ['spec', 'dhcp', field];
    if (address === undefined) return [];
    if (address === gateway) return [invalid(path, `${address} is the gateway`)];
    return hostIssues(path, address, cidr);
  });
  return issues.length > 0 || gatewayIssues(spec, cidr).length > 0 ? issues : rangeIssues(spec);
}

function rangeIssues(spec: NetworkSpec): readonly FieldIssue[] {
  const { start, end } = networkAddresses(spec).dhcp;
  const path = [
    'spec',
    'dhcp',
    ...(spec.dhcp.start === undefined && spec.dhcp.end !== undefined ? ['end'] : ['start']),
  ];
  if (start > end) return [invalid(path, `the range ${fromNumber(start)}-${fromNumber(end)} is empty`)];
  if (Math.floor(start / DHCP_BLOCK) === Math.floor(end / DHCP_BLOCK)) return [];
  const message = `the range ${fromNumber(start)}-${fromNumber(end)} is larger than libvirt accepts`;
  return [invalid(path, message, 'start and end must agree in their first two numbers')];
}

function hostIssues(path: FieldPath, address: string, cidr: Cidr): readonly FieldIssue[] {
  const number = toNumber(address);
  const { first, last } = hosts(cidr);
  if (!contains(cidr, number)) return [invalid(path, `${address} is outside ${formatCidr(cidr)}`)];
  if (number < first) return [invalid(path, `${address} is the address of the network itself`)];
  return number > last ? [invalid(path, `${address} is the broadcast address`)] : [];
}

function forwardIssues({ mode, dev, natPorts }: NetworkSpec['forward']): readonly FieldIssue[] {
  const issues: FieldIssue[] = [];
  if (dev !== undefined && (mode === 'open' || mode === 'isolated')) {
    issues.push(invalid(['spec', 'forward', 'dev'], `mode ${mode} takes no interface`, 'leave dev out'));
  }
  if (natPorts === undefined) return issues;
  const path = ['spec', 'forward', 'natPorts'];
  if (mode !== 'nat') issues.push(invalid(path, `mode ${mode} takes no NAT ports`, 'leave natPorts out'));
  if (natPorts.start > natPorts.end)
    issues.push(invalid(path, `start ${natPorts.start} is above end ${natPorts.end}`));
  return issues;
}

function podCidrIssues({ podCIDR }: NetworkSpec, cidr: Cidr): readonly FieldIssue[] {
  if (podCIDR === undefined) return [];
  const path = ['spec', 'podCIDR', 'cidr'];
  const pods = parseCidr(podCIDR.cidr);
  const issues = [...networkAddressIssue(path, podCIDR.cidr)];
  if (overlaps(pods, cidr)) {
    issues.push(invalid(path, `${podCIDR.cidr} overlaps the network's own ${formatCidr(cidr)}`));
  }
  if (podCIDR.nodeMaskSize < pods.prefix) {
    const message = `/${podCIDR.nodeMaskSize} for one worker is larger than the whole range (/${pods.prefix})`;
    issues.push(invalid(['spec', 'podCIDR', 'nodeMaskSize'], message));
  }
  return issues;
}

function invalid(path: FieldPath, message: string, hint?: string): FieldIssue {
  return { path, code: 'InvalidValue', message, ...(hint === undefined ? {} : { hint }) };
}

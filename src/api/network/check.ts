import { formatAddress, parseAddress } from '../ipam/address.ts';
import { contains, formatSubnet, hosts, overlaps, parseSubnet, type Subnet } from '../ipam/subnet.ts';
import { VXLAN_OVERHEAD } from '../ipam/overlay-mtu.ts';
import { MTU_MAX, type NetworkSpec } from './spec.ts';
import { readRange } from '../ipam/ranges.ts';
import { isOneBlock, networkAddresses } from '../ipam/network-addresses.ts';
import { networkAddressIssue, specialBlockIssue } from '../ipam/check.ts';
import type { FieldIssue, FieldPath } from '../manifest/types.ts';

const PREFIX_MIN = 8;
const PREFIX_MAX = 30;
export const OVERLAY_MTU_MAX = MTU_MAX - VXLAN_OVERHEAD;

/** Rules between the fields of a Network. */
export function checkNetwork(spec: NetworkSpec): readonly FieldIssue[] {
  const cidr = parseSubnet(spec.cidr);
  const sound = blockIssues(['spec', 'cidr'], spec.cidr);
  return [
    ...sound,
    ...(sound.length > 0
      ? []
      : [...gatewayIssues(spec, cidr), ...dhcpIssues(spec, cidr), ...excludeIssues(spec, cidr)]),
    ...forwardIssues(spec.forward),
    ...podCidrIssues(spec, cidr),
    ...overlayIssues(spec),
  ];
}

function overlayIssues({ overlay, mtu, policy }: NetworkSpec): readonly FieldIssue[] {
  if (overlay === undefined) return [];
  const issues: FieldIssue[] = [];
  if (policy.adopt) {
    const message = 'a network that others made stays on one vmhost';
    const hint = 'leave overlay or policy.adopt out';
    issues.push(invalid(['spec', 'overlay'], message, hint));
  }
  if (mtu !== undefined && mtu > OVERLAY_MTU_MAX) {
    const message = `VXLAN adds ${VXLAN_OVERHEAD} bytes: at most ${OVERLAY_MTU_MAX} with an overlay`;
    issues.push(invalid(['spec', 'mtu'], message));
  }
  return issues;
}

function blockIssues(path: FieldPath, text: string): readonly FieldIssue[] {
  const { prefix } = parseSubnet(text);
  if (prefix >= PREFIX_MIN && prefix <= PREFIX_MAX) {
    return [...networkAddressIssue(path, text), ...specialBlockIssue(path, text)];
  }
  return [invalid(path, `the prefix length must be from /${PREFIX_MIN} to /${PREFIX_MAX}, found /${prefix}`)];
}

function gatewayIssues({ gateway }: NetworkSpec, cidr: Subnet): readonly FieldIssue[] {
  return gateway === undefined ? [] : hostIssues(['spec', 'gateway'], gateway, cidr);
}

function dhcpIssues(spec: NetworkSpec, cidr: Subnet): readonly FieldIssue[] {
  const gateway = formatAddress(networkAddresses(spec).gateway);
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
  const { subnet, dhcp } = networkAddresses(spec);
  const [start, end] = [dhcp.first, dhcp.last].map((value) =>
    formatAddress({ family: subnet.family, value }),
  );
  const range = `the range ${start ?? ''}-${end ?? ''}`;
  const path = [
    'spec',
    'dhcp',
    ...(spec.dhcp.start === undefined && spec.dhcp.end !== undefined ? ['end'] : ['start']),
  ];
  if (dhcp.first > dhcp.last) return [invalid(path, `${range} is empty`)];
  if (isOneBlock(dhcp)) return [];
  const hint = 'start and end must agree in their first two numbers';
  return [invalid(path, `${range} is larger than libvirt accepts`, hint)];
}

function excludeIssues({ dhcp: { exclude = [] } }: NetworkSpec, cidr: Subnet): readonly FieldIssue[] {
  return exclude.flatMap((text, index) => {
    const path = ['spec', 'dhcp', 'exclude', index];
    const range = readRange(text);
    if (range === undefined) return [invalid(path, `the range ${text} runs backwards`)];
    if (range.first >= cidr.first && range.last <= cidr.last) return [];
    return [invalid(path, `${text} is outside ${formatSubnet(cidr)}`)];
  });
}

function hostIssues(path: FieldPath, address: string, cidr: Subnet): readonly FieldIssue[] {
  const parsed = parseAddress(address);
  const { first, last } = hosts(cidr);
  if (!contains(cidr, parsed)) return [invalid(path, `${address} is outside ${formatSubnet(cidr)}`)];
  if (parsed.value < first) return [invalid(path, `${address} is the address of the network itself`)];
  return parsed.value > last ? [invalid(path, `${address} is the broadcast address`)] : [];
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

function podCidrIssues({ podCIDR }: NetworkSpec, cidr: Subnet): readonly FieldIssue[] {
  if (podCIDR === undefined) return [];
  const path = ['spec', 'podCIDR', 'cidr'];
  const pods = parseSubnet(podCIDR.cidr);
  const issues = [...networkAddressIssue(path, podCIDR.cidr)];
  if (overlaps(pods, cidr)) {
    issues.push(invalid(path, `${podCIDR.cidr} overlaps the network's own ${formatSubnet(cidr)}`));
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

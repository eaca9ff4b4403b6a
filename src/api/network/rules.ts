import { addressValue, isAddress, isBlock, overlap, type CelRule } from '../kinds/rules.ts';
import { OVERLAY_MTU_MAX } from './check.ts';
import { VXLAN_OVERHEAD } from '../ipam/overlay-mtu.ts';

/** Addresses of blocks from /8 to /30, in that order. */
const SIZES = Array.from({ length: 23 }, (_, index) => 2 ** (24 - index));
const SPECIAL = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'];
const PREFIX = 'cidr(self.cidr).prefixLength()';
const SIZE = `${JSON.stringify(SIZES)}[${PREFIX} - 8]`;
/** Only such a block has hosts. */
const SOUND = `(isCIDR(self.cidr) && ${PREFIX} >= 8 && ${PREFIX} <= 30 && ${isBlock('self.cidr')})`;
const HOST = 'must be an address of a host within cidr: neither its first one nor its last one';

/** What `checkNetwork` says. */
export const networkRules: readonly CelRule[] = [
  {
    at: 'spec.cidr',
    rule: '!isCIDR(self) || (cidr(self).prefixLength() >= 8 && cidr(self).prefixLength() <= 30)',
    message: 'the prefix length must be from /8 to /30',
  },
  {
    at: 'spec.cidr',
    rule: `!isCIDR(self) || ${isBlock('self')}`,
    message: 'this is an address within a network, not a network: its host bits must be zero',
  },
  {
    at: 'spec.cidr',
    rule: `!isCIDR(self) || !${JSON.stringify(SPECIAL)}.exists(block, ${overlap('block', 'self')})`,
    message:
      'these addresses are reserved for other things (RFC 6890): take a private range such as 192.168.111.0/24',
  },
  { at: 'spec', rule: hostRule('gateway'), message: HOST, fieldPath: '.gateway' },
  ...['start', 'end'].flatMap((end) => [
    { at: 'spec', rule: hostRule(`dhcp.${end}`), message: HOST, fieldPath: `.dhcp.${end}` },
    {
      at: 'spec',
      rule: notGateway(`dhcp.${end}`),
      message: 'this is the gateway',
      fieldPath: `.dhcp.${end}`,
    },
  ]),
  {
    at: 'spec.dhcp',
    rule: bothEnds(`${addressValue('self.start')} <= ${addressValue('self.end')}`),
    message: 'the range is empty: start is above end',
    fieldPath: '.start',
  },
  {
    at: 'spec.dhcp',
    rule: bothEnds(`${addressValue('self.start')} / 65536 == ${addressValue('self.end')} / 65536`),
    message: 'the range is larger than libvirt accepts: start and end must agree in their first two numbers',
    fieldPath: '.start',
  },
  {
    at: 'spec.dhcp.exclude[]',
    rule: `!self.contains('-') || !${ends(isAddress, ' && ')} || ${ends(addressValue, ' <= ')}`,
    message: 'the range runs backwards',
  },
  {
    at: 'spec',
    rule: `!has(self.dhcp.exclude) || !${SOUND} || self.dhcp.exclude.all(range, range.split('-').all(end, !${isAddress('end')} || cidr(self.cidr).containsIP(end)))`,
    message: 'an address to exclude is outside of cidr',
    fieldPath: '.dhcp.exclude',
  },
  {
    at: 'spec.forward',
    rule: "!has(self.dev) || !has(self.mode) || !(self.mode in ['open', 'isolated'])",
    message: 'the modes open and isolated take no interface: leave dev out',
    fieldPath: '.dev',
  },
  {
    at: 'spec.forward',
    rule: "!has(self.natPorts) || !has(self.mode) || self.mode == 'nat'",
    message: 'only the mode nat takes NAT ports: leave natPorts out',
    fieldPath: '.natPorts',
  },
  {
    at: 'spec.forward.natPorts',
    rule: 'self.start <= self.end',
    message: 'start is above end',
  },
  {
    at: 'spec.podCIDR.cidr',
    rule: `!isCIDR(self) || ${isBlock('self')}`,
    message: 'this is an address within a network, not a network: its host bits must be zero',
  },
  {
    at: 'spec.podCIDR',
    rule: '!isCIDR(self.cidr) || self.nodeMaskSize >= cidr(self.cidr).prefixLength()',
    message: 'nodeMaskSize for one worker is larger than the whole range',
    fieldPath: '.nodeMaskSize',
  },
  {
    at: 'spec',
    rule: `!has(self.podCIDR) || !isCIDR(self.podCIDR.cidr) || !isCIDR(self.cidr) || !${overlap('self.podCIDR.cidr', 'self.cidr')}`,
    message: "the pods' addresses overlap the network's own",
    fieldPath: '.podCIDR.cidr',
  },
  {
    at: 'spec',
    rule: '!has(self.overlay) || !has(self.policy) || !has(self.policy.adopt) || !self.policy.adopt',
    message: 'a network that others made stays on one vmhost: leave overlay or policy.adopt out',
    fieldPath: '.overlay',
  },
  {
    at: 'spec',
    rule: `!has(self.overlay) || !has(self.mtu) || self.mtu <= ${OVERLAY_MTU_MAX}`,
    message: `VXLAN adds ${VXLAN_OVERHEAD} bytes: at most ${OVERLAY_MTU_MAX} with an overlay`,
    fieldPath: '.mtu',
  },
];

function hostRule(field: string): string {
  const value = addressValue(`self.${field}`);
  const inside = `cidr(self.cidr).containsIP(self.${field})`;
  return `!has(self.${field}) || !${SOUND} || !${isAddress(`self.${field}`)} || (${inside} && ${value} % ${SIZE} != 0 && (${value} + 1) % ${SIZE} != 0)`;
}

/** Left out, the gateway is the first host. */
function notGateway(field: string): string {
  const first = `${addressValue("self.cidr.split('/')[0]")} + 1`;
  const gateway = `(has(self.gateway) ? (${isAddress('self.gateway')} ? ${addressValue('self.gateway')} : 0) : ${first})`;
  return `!has(self.${field}) || !${SOUND} || !${isAddress(`self.${field}`)} || ${addressValue(`self.${field}`)} != ${gateway}`;
}

function bothEnds(rule: string): string {
  return `!has(self.start) || !has(self.end) || !${isAddress('self.start')} || !${isAddress('self.end')} || ${rule}`;
}

function ends(part: (text: string) => string, between: string): string {
  return `(${part("self.split('-')[0]")}${between}${part("self.split('-')[1]")})`;
}

import type { FieldIssue, FieldPath } from '../manifest/types.ts';
import { formatSubnet, hasHostBits, overlaps, parseInterface, parseSubnet } from './subnet.ts';

/** An issue unless the host bits of the CIDR are zero. */
export function networkAddressIssue(path: FieldPath, text: string): readonly FieldIssue[] {
  const cidr = parseInterface(text);
  if (!hasHostBits(cidr)) return [];
  const message = `${text} is an address within a network, not a network`;
  return [{ path, code: 'InvalidValue', message, hint: `write ${formatSubnet(cidr.subnet)}` }];
}

/** Blocks that no network of machines can have (RFC 6890), with what they are for. */
const SPECIAL = [
  ['0.0.0.0/8', 'this network'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'future use'],
] as const;

/** An issue where the block is none for machines. */
export function specialBlockIssue(path: FieldPath, text: string): readonly FieldIssue[] {
  const found = SPECIAL.find(([block]) => overlaps(parseSubnet(block), parseSubnet(text)));
  if (found === undefined) return [];
  const message = `${text} meets ${found[0]}, which is reserved for ${found[1]}`;
  return [{ path, code: 'InvalidValue', message, hint: 'take a private range such as 192.168.111.0/24' }];
}

import type { FieldIssue, FieldPath } from '../manifest/types.ts';
import { formatSubnet, hasHostBits, parseInterface } from './subnet.ts';

/** An issue unless the host bits of the CIDR are zero. */
export function networkAddressIssue(path: FieldPath, text: string): readonly FieldIssue[] {
  const cidr = parseInterface(text);
  if (!hasHostBits(cidr)) return [];
  const message = `${text} is an address within a network, not a network`;
  return [{ path, code: 'InvalidValue', message, hint: `write ${formatSubnet(cidr.subnet)}` }];
}

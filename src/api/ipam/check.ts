import type { FieldIssue, FieldPath } from '../manifest/types.ts';
import { formatCidr, isNetwork, parseCidr } from './ip.ts';

/** An issue unless the host bits of the CIDR are zero. */
export function networkAddressIssue(path: FieldPath, text: string): readonly FieldIssue[] {
  const cidr = parseCidr(text);
  if (isNetwork(cidr)) return [];
  const message = `${text} is an address within a network, not a network`;
  return [{ path, code: 'InvalidValue', message, hint: `write ${formatCidr(cidr)}` }];
}

import type { FieldPath } from '../manifest/path.ts';

/** What reaches beyond a vmhost's guests: its files, settings of its programs, guests of others. */
export const PRIVILEGES = ['Adopt', 'DnsmasqOptions', 'HAProxyConfig', 'HostPaths'] as const;
export type Privilege = (typeof PRIVILEGES)[number];

/** A field for which an object of an API server needs a vmhost's leave. */
export interface Privileged {
  readonly privilege: Privilege;
  readonly path: FieldPath;
}

/** Those of the fields that are there. */
export function privileged(
  ...fields: readonly (readonly [isThere: boolean, Privilege, ...FieldPath])[]
): readonly Privileged[] {
  return fields.flatMap(([isThere, privilege, ...path]) => (isThere ? [{ privilege, path }] : []));
}

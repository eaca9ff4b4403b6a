/** Debian 12's, with which k8slab is tried. */
const OLDEST = [9, 0] as const;

/** Why guests are not made by libvirt of such a version, and what helps; undefined: they are. */
export function tooOld(version: string): { readonly why: string; readonly hint: string } | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOlder = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!isOlder) return undefined;
  return {
    why: `${version} is older than ${OLDEST.join('.')}`,
    hint: 'use a newer release of the distribution',
  };
}

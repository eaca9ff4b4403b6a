import { exists } from '../../drivers/files.ts';
import { fileExists, writeArchive } from './archive.ts';
import { collect } from './collect.ts';
import { partsOf, type Origins } from './parts.ts';
import { redactText, secretList } from './redact-text.ts';

export interface Diagnosis {
  readonly path: string;
  /** How many files are in it. */
  readonly files: number;
  /** What could not be had, and why. */
  readonly missing: readonly string[];
}

/**
 * Collects what a report of a fault needs into a new archive, without a secret in it.
 * @param known secrets to look for, beside those that manifests hold
 * @throws ReasonedError FileExists
 */
export async function diagnose(
  origins: Origins,
  path: string | undefined,
  known: readonly string[],
): Promise<Diagnosis> {
  const top = `k8slab-diagnose-${origins.now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const target = path ?? `${top}.tar.gz`;
  if (await exists(target)) throw fileExists(target);
  const { parts, secrets } = await partsOf(origins);
  const { secrets: wanted, left } = secretList(known, secrets);
  const { files, missing } = await collect(parts, (text) => redactText(text, wanted));
  await writeArchive(target, top, files);
  const unsought = `a search for ${left} lines of cloud-init in what others wrote: hand it to nobody before you looked`;
  return { path: target, files: files.size, missing: left === 0 ? missing : [unsought, ...missing] };
}

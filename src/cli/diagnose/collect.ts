import { explainError } from '../../api/errors.ts';

/** A file of the archive, and how it is had. */
export interface Part {
  /** Such as `libvirt/networks/k8s-net.xml`. */
  readonly name: string;
  readonly text: () => Promise<string> | string;
}

export interface Collected {
  readonly files: ReadonlyMap<string, string>;
  /** `NAME: why`, of parts that could not be had. */
  readonly missing: readonly string[];
}

const README = `What k8slab diagnose collected for a report of a fault: versions, what doctor says, configuration and manifests, plan,
conditions, events and metrics of k8slabd, libvirt's XML and dnsmasq's files of what is k8slab's, leases, journals.

Left out or replaced by "<redacted>": what cloud-init gets (commands, contents of files, user-data), values of annotations, fields that no
schema knows, passwords and their hashes, tokens, private keys, credentials and queries of URLs, what files below /etc/k8slab hold. Names,
addresses and public keys are in it: look it through before you hand it on.

`;

/** Gets each part. One that cannot be had is noted, and so is why. */
export async function collect(parts: readonly Part[], redact: (text: string) => string): Promise<Collected> {
  const files = new Map<string, string>();
  const missing: string[] = [];
  for (const { name, text } of parts) {
    try {
      files.set(safeName(name), redact(await text()));
    } catch (error) {
      missing.push(redact(`${name}: ${explainError(error)}`));
    }
  }
  const left =
    missing.length === 0
      ? 'Nothing lacks.\n'
      : `Could not be had:\n${missing.map((line) => `- ${line}\n`).join('')}`;
  files.set('README', `${README}${left}`);
  return { files, missing };
}

/** A name that stays below the directory it is put into. */
function safeName(name: string): string {
  const steps = name.split('/').filter((step) => !['', '.', '..'].includes(step));
  return steps.map((step) => step.replaceAll(/[^\w.@+-]/g, '_')).join('/');
}

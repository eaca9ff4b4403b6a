import { ReasonedError } from '../api/errors.ts';
import type { Exported } from '../api/placement/export.ts';
import { isManifestFile } from '../api/manifest/snapshot.ts';
import { findManifests } from '../drivers/manifest-dir/find.ts';
import { isMissing } from '../drivers/io-errors.ts';
import type { Client } from './client.ts';
import { printYaml } from './print-yaml.ts';
import { writeNewFiles } from './write-new-files.ts';

export async function fetchExport(client: Client): Promise<Exported> {
  return (await client.get('export')) as Exported;
}

/** All of it, for standard output. */
export function printExport({ items }: Exported): string {
  return items.map(printYaml).join('---\n');
}

/**
 * A file for each object, in a directory that has no manifests yet: of two manifests of one object neither would count.
 * @returns their paths
 * @throws ReasonedError DirectoryInUse, FileExists
 */
export async function writeExport(directory: string, { items }: Exported): Promise<string[]> {
  const [known] = await manifestsIn(directory);
  if (known !== undefined) {
    const hint = 'move its manifests away, or choose another directory';
    throw new ReasonedError('DirectoryInUse', `cannot export to "${directory}": it has "${known}" already`, {
      hint,
    });
  }
  const files = items.map((item) => ({
    name: `${item.kind.toLowerCase()}-${item.metadata.name}.yaml`,
    text: printYaml(item),
  }));
  return writeNewFiles(directory, files);
}

async function manifestsIn(directory: string): Promise<readonly string[]> {
  try {
    return (await findManifests(directory, isManifestFile)).paths;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** What whoever exports is to know of it. */
export function exportRemarks({ items, notes, allow }: Exported): string[] {
  return [
    ...(items.length === 0 ? ['nothing to export'] : []),
    ...notes,
    ...(allow.length === 0
      ? []
      : [`with an API server, k8slabd.yaml of this vmhost needs source.allow: [${allow.join(', ')}]`]),
  ];
}

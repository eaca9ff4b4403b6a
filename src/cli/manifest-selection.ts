import { ReasonedError } from '../api/errors.ts';
import { formatError } from '../api/manifest/format.ts';
import { emptySnapshot, nextSnapshot } from '../api/manifest/snapshot.ts';
import { readManifests } from './manifest-files.ts';
import { RESOURCES, type Selection } from './selection.ts';

/** The objects that manifests name. @throws ReasonedError where they cannot be read */
export async function manifestSelections(paths: readonly string[]): Promise<Selection[]> {
  const { objects, errors } = nextSnapshot(emptySnapshot, { files: await readManifests(paths) });
  if (objects.length === 0 && errors.length > 0) {
    const why = errors.map(formatError).join('; ');
    throw new ReasonedError('InvalidManifests', `cannot tell which objects are meant: ${why}`);
  }
  return objects.flatMap(({ kind, name }) => {
    const resource = RESOURCES.find((each) => each.kind === kind);
    return resource === undefined ? [] : [{ resource, name }];
  });
}

import { isElsewhere } from '../../api/meta.ts';
import type { ImageRemovalAction } from '../../api/image/actions.ts';
import { planImageRemoval, type RemovedImage } from '../../api/image/plan-removal.ts';
import type { ImageStore } from '../../drivers/images.ts';
import { diskUsers, type DiskUsersDeps } from '../disk-users.ts';
import type { Jobs } from '../jobs.ts';
import type { ObjectStore } from '../objects.ts';
import type { Reconciler } from '../reconciler.ts';
import { removalConditions } from '../removal.ts';

export interface ImageRemovalDeps extends DiskUsersDeps {
  readonly store: ObjectStore;
  readonly images: ImageStore;
  readonly jobs: Jobs;
}

/** Takes an image out of the store whose manifest is gone. */
export function createImageRemoval(
  deps: ImageRemovalDeps,
): Reconciler<'Image', ImageRemovalAction, undefined> {
  return {
    kind: 'Image',
    async look(object) {
      const plan = planImageRemoval(await observe(deps, object.metadata.name));
      return { plan, conditions: removalConditions(plan), fields: object.status, extra: undefined };
    },
    async execute(action, _look, { metadata: { name } }) {
      if (action.type === 'AbortFetch') await deps.jobs.abort(name);
      else await deps.images.remove(name, action);
    },
  };
}

async function observe(deps: ImageRemovalDeps, name: string): Promise<RemovedImage> {
  const { files, known } = await deps.images.leftovers(name);
  const findUsers = files.length === 0 ? undefined : await diskUsers(deps);
  return {
    fetching: deps.jobs.runs(name),
    files: await Promise.all(files.map(async (path) => ({ path, users: (await findUsers?.(path)) ?? [] }))),
    known,
    nodes: deps.store
      .list('Node')
      .filter((node) => !isElsewhere(node) && node.spec.disk.image === name)
      .map(({ metadata }) => metadata.name),
  };
}

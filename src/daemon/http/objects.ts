import type { KindDefinition } from '../../api/kinds/define.ts';
import { namesOf, type Kinds } from '../../api/kinds/kinds.ts';
import { renderTable } from '../../api/kinds/table.ts';
import type { ManifestTrouble } from '../../api/manifest/notes.ts';
import { API_GROUP, API_VERSION, type ApiObject } from '../../api/meta.ts';
import { served } from '../../api/ownership/served.ts';
import { fieldsOf } from '../../api/selectors/fields.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Resource } from './resource.ts';

export interface ObjectsDeps {
  readonly kinds: Kinds;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** What is wrong with the manifests now. */
  readonly manifestErrors: () => readonly ManifestTrouble[];
}

/** `nodes.k8slab.io` and the other kinds. */
export function objectResources(deps: ObjectsDeps): readonly Resource<ApiObject>[] {
  return deps.kinds.all.map((definition) => objectResource(definition, deps));
}

function objectResource(
  definition: KindDefinition,
  { store, clock, manifestErrors }: ObjectsDeps,
): Resource<ApiObject> {
  const { kind } = definition;
  return {
    ...namesOf(definition),
    group: API_GROUP,
    version: API_VERSION.slice(API_GROUP.length + 1),
    namespaced: false,
    paged: true,
    list: () => store.list(kind),
    get: (name) => store.get(kind, name),
    latest: () => store.version(),
    watch: (since, listener) =>
      store.watch(since, (change) => {
        if (change.object.kind === kind) listener(change);
      }),
    fields: fieldsOf(definition.selectable),
    shown: served,
    table: (objects) => renderTable(definition, objects, clock.now()),
    /** Why an object that a manifest names is not there. */
    missing(name) {
      const found = manifestErrors().find(({ object }) => object?.kind === kind && object.name === name);
      return found === undefined ? '' : `: its manifest is not valid: ${found.why}`;
    },
  };
}

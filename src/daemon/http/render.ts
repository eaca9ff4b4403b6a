import { onceEach } from '../../api/once-each.ts';
import type { Form, Include, MetaVersion } from './accept.ts';
import { groupVersion, type Cells, type Item, type ItemChange, type Resource } from './resource.ts';

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Objects of one resource as JSON. What does not change is written once, for however many who ask. */
export interface Renderer<T extends Item> {
  object(object: T, form: Form): string;
  list(objects: readonly T[], form: Form, metadata: ListMeta): string;
  /** A line of a watch. @param first whether its table names its columns */
  change(change: Pick<ItemChange<T>, 'type' | 'object'>, form: Form, first: boolean): Uint8Array;
  /** A line that tells how far the watch has come. @param initialEnd whether all that there was has been told now */
  bookmark(resourceVersion: string, form: Form, initialEnd: boolean): Uint8Array;
}

export function createRenderer<T extends Item>(resource: Resource<T>): Renderer<T> {
  const own = { apiVersion: groupVersion(resource), kind: resource.kind };
  const full = onceEach((object: T) => JSON.stringify(resource.shown(object)));
  const partials = { v1: onceEach(partialOf('v1')), v1beta1: onceEach(partialOf('v1beta1')) };
  const lines = new WeakMap<T, Map<string, Uint8Array>>();
  const json = (object: T, form: Form): string =>
    form.as === 'Partial' ? partials[form.version](object) : full(object);

  function object(item: T, form: Form): string {
    if (form.as !== 'Table') return json(item, form);
    return table(resource.table([item]), { form, metadata: versionOf(item), objects: [item] });
  }

  function table(made: Cells, { form, metadata, objects }: TableParts<T>): string {
    const rows = made.rows.map(({ cells }, index) => {
      const shown = rowObject(objects[index], form.include);
      return `{"cells":${JSON.stringify(cells)}${shown}}`;
    });
    const head = {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${form.version}`,
      metadata,
      columnDefinitions: made.columnDefinitions,
    };
    return `${JSON.stringify(head).slice(0, -1)},"rows":[${rows.join(',')}]}`;

    function rowObject(item: T | undefined, include: Include): string {
      if (item === undefined || include === 'None') return '';
      return `,"object":${include === 'Object' ? full(item) : partials[form.version](item)}`;
    }
  }

  function line(type: string, text: string): Uint8Array {
    return Buffer.from(`{"type":"${type}","object":${text}}\n`);
  }

  return {
    object,
    list(objects, form, metadata) {
      if (form.as === 'Table') return table(resource.table(objects), { form, metadata, objects });
      const kind = form.as === 'Partial' ? partialList(form.version) : { ...own, kind: `${own.kind}List` };
      const head = JSON.stringify({ ...kind, metadata });
      return `${head.slice(0, -1)},"items":[${objects.map((item) => json(item, form)).join(',')}]}`;
    },
    change({ type, object: item }, form, first) {
      if (form.as !== 'Table')
        return known(lines, item, `${type} ${keyOf(form)}`, () => line(type, json(item, form)));
      const made = resource.table([item]);
      const shown = first ? made : { ...made, columnDefinitions: [] };
      const key = `${type} ${keyOf(form)} ${first} ${JSON.stringify(made.rows[0]?.cells)}`;
      return known(lines, item, key, () =>
        line(type, table(shown, { form, metadata: versionOf(item), objects: [item] })),
      );
    },
    bookmark(resourceVersion, form, initialEnd) {
      const annotations = initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
      const metadata = { resourceVersion, ...annotations };
      if (form.as === 'Table')
        return line(
          'BOOKMARK',
          table({ ...resource.table([]), columnDefinitions: [] }, { form, metadata, objects: [] }),
        );
      const kind = form.as === 'Partial' ? partialKind(form.version) : own;
      return line(
        'BOOKMARK',
        JSON.stringify({ ...kind, metadata: { creationTimestamp: null, ...metadata } }),
      );
    },
  };
}

interface TableParts<T> {
  readonly form: Extract<Form, { as: 'Table' }>;
  readonly metadata: ListMeta;
  readonly objects: readonly T[];
}

function versionOf({ metadata }: Item): ListMeta {
  return { resourceVersion: metadata.resourceVersion };
}

function partialOf(version: MetaVersion): (object: Item) => string {
  return ({ metadata }) => JSON.stringify({ ...partialKind(version), metadata });
}

function partialKind(version: MetaVersion): { readonly kind: string; readonly apiVersion: string } {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}` };
}

function partialList(version: MetaVersion): { readonly kind: string; readonly apiVersion: string } {
  return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}` };
}

function keyOf(form: Form): string {
  return Object.values(form).join(' ');
}

function known<T extends object>(
  made: WeakMap<T, Map<string, Uint8Array>>,
  object: T,
  key: string,
  make: () => Uint8Array,
): Uint8Array {
  const lines = made.get(object) ?? new Map<string, Uint8Array>();
  made.set(object, lines);
  const line = lines.get(key) ?? make();
  lines.set(key, line);
  return line;
}

import type { ApiObject } from '../api/meta.ts';

/** The objects that have series now. */
export type WatchedObjects = () => Iterable<Pick<ApiObject, 'kind' | 'metadata' | 'status'>>;

/** One family of the exposition, as text. */
export interface Family {
  readonly name: string;
  text(): string | Promise<string>;
}

/**
 * One series for each condition of each object, with its status as a label, written as text at once: with a thousand Nodes
 * prom-client's gauges take a hundred times as long. Names, kinds, types and statuses need no escaping.
 */
export function conditionFamily(objects: WatchedObjects): Family {
  const name = 'k8slab_object_condition';
  return {
    name,
    text() {
      const lines = header(
        name,
        'gauge',
        'Always 1; the status that a condition of an object has is in the label',
      );
      for (const { kind, metadata, status } of objects()) {
        const object = `${name}{kind="${kind}",name="${metadata.name}",type="`;
        for (const each of status.conditions) lines.push(`${object}${each.type}",status="${each.status}"} 1`);
      }
      return lines.join('\n');
    },
  };
}

export interface Drift {
  readonly family: Family;
  readonly repaired: (object: { readonly kind: string; readonly name: string }) => void;
}

/** Repaired drift of each object, from 0 on; what is counted goes with the object. */
export function createDrift(objects: WatchedObjects): Drift {
  let counts = new Map<string, number>();
  const name = 'k8slab_drift_total';
  const family: Family = {
    name,
    text() {
      const lines = header(name, 'counter', 'Changes made behind the manifest that were repaired');
      const kept = new Map<string, number>();
      for (const { kind, metadata } of objects()) {
        const count = counts.get(keyOf(kind, metadata.name)) ?? 0;
        lines.push(`${name}{kind="${kind}",name="${metadata.name}"} ${count}`);
        if (count > 0) kept.set(keyOf(kind, metadata.name), count);
      }
      counts = kept;
      return lines.join('\n');
    },
  };
  return {
    family,
    repaired: ({ kind, name: object }) => {
      const key = keyOf(kind, object);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function header(name: string, type: 'gauge' | 'counter', help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

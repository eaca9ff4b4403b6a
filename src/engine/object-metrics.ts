import { findCondition, PENDING_TYPES, READY } from '../api/conditions.ts';
import type { Kinds } from '../api/kinds/kinds.ts';
import type { ConditionStatus, Kind } from '../api/meta.ts';
import {
  header,
  textFamily,
  type Family,
  type FamilyInfo,
  type Sample,
  type WatchedObjects,
} from './family.ts';

/**
 * One series for each condition of each object, with its status and its reason as labels. Names, kinds, types, statuses and
 * reasons need no escaping.
 */
export function conditionFamily(objects: WatchedObjects): Family {
  const info = {
    name: 'k8slab_object_condition',
    type: 'gauge',
    help: 'Always 1; the status that a condition of an object has, and why, are in the labels',
    labels: ['kind', 'name', 'type', 'status', 'reason'],
  } as const;
  return {
    ...info,
    text() {
      const lines = header(info);
      for (const { kind, metadata, status } of objects()) {
        const object = `${info.name}{kind="${kind}",name="${metadata.name}",type="`;
        for (const { type, status: is, reason } of status.conditions)
          lines.push(`${object}${type}",status="${is}",reason="${reason}"} 1`);
      }
      return lines.join('\n');
    },
  };
}

const STATUSES = ['True', 'False', 'Unknown'] as const satisfies readonly ConditionStatus[];

/** How many objects of each kind are Ready, are not, and were not looked at. */
export function readyFamily(kinds: Kinds, objects: WatchedObjects): Family {
  const info = {
    name: 'k8slab_objects',
    type: 'gauge',
    help: 'Objects of a kind, by the status of their condition Ready',
    labels: ['kind', 'ready'],
  } as const;
  return textFamily(info, () => {
    const pairs = kinds.all.flatMap(({ kind }) => STATUSES.map((status): [Kind, string] => [kind, status]));
    const counts = counter(pairs);
    for (const { kind, status } of objects())
      counts.add([kind, findCondition(status.conditions, READY)?.status ?? 'Unknown']);
    return counts.samples();
  });
}

/** How many objects work and go without something that their manifests ask for, by the type of the condition that says so. */
export function pendingFamily(objects: WatchedObjects): Family {
  const info = {
    name: 'k8slab_pending_changes',
    type: 'gauge',
    help: 'Objects that work and wait for a restart or for somebody, by the condition that says for what',
    labels: ['type'],
  } as const;
  const types: ReadonlySet<string> = new Set(PENDING_TYPES);
  return textFamily(info, () => {
    const counts = counter(PENDING_TYPES.map((type) => [type]));
    for (const { status } of objects())
      for (const { type, status: is } of status.conditions)
        if (is === 'True' && types.has(type)) counts.add([type]);
    return counts.samples();
  });
}

function counter(keys: readonly (readonly string[])[]): {
  add: (labels: readonly string[]) => void;
  samples: () => Sample[];
} {
  const counts = new Map(keys.map((labels) => [labels.join(' '), { labels, count: 0 }]));
  return {
    add(labels) {
      const found = counts.get(labels.join(' '));
      if (found !== undefined) found.count += 1;
    },
    samples: () => [...counts.values()].map(({ labels, count }) => [labels, count] as const),
  };
}

export interface ObjectCounter {
  readonly family: Family;
  readonly count: (object: { readonly kind: Kind; readonly name: string }) => void;
}

/** What happened to each object (of one kind, where one is given), from 0 on; what is counted goes with the object. */
export function objectCounter(
  info: Pick<FamilyInfo, 'name' | 'help'> & { readonly kind?: Kind },
  objects: WatchedObjects,
): ObjectCounter {
  let counts = new Map<string, number>();
  const { name, help, kind: only } = info;
  const labels = only === undefined ? ['kind', 'name'] : ['name'];
  const family = textFamily({ name, help, type: 'counter', labels }, () => {
    const samples: Sample[] = [];
    const kept = new Map<string, number>();
    for (const { kind, metadata } of objects()) {
      if (only !== undefined && kind !== only) continue;
      const count = counts.get(keyOf(kind, metadata.name)) ?? 0;
      samples.push([only === undefined ? [kind, metadata.name] : [metadata.name], count]);
      if (count > 0) kept.set(keyOf(kind, metadata.name), count);
    }
    counts = kept;
    return samples;
  });
  return {
    family,
    count({ kind, name: object }) {
      const key = keyOf(kind, object);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

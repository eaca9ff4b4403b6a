import type { ApiObject, ObjectMeta } from '../meta.ts';

/** meta.k8s.io/v1: an object without spec and status, for those who only need to know which objects there are. */
export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ObjectMeta;
}

export interface PartialObjectMetadataList {
  readonly kind: 'PartialObjectMetadataList';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly items: readonly PartialObjectMetadata[];
}

export function partial({ metadata }: ApiObject): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

export function partialList(objects: readonly ApiObject[]): PartialObjectMetadataList {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    items: objects.map(partial),
  };
}

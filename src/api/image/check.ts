import type { FieldIssue } from '../manifest/types.ts';
import type { ImageSpec } from './spec.ts';

/** Rules between the fields of an Image. */
export function checkImage(spec: ImageSpec): readonly FieldIssue[] {
  if (spec.checksum !== undefined || !/^http:/i.test(spec.source)) return [];
  return [
    {
      path: ['spec', 'source'],
      code: 'InvalidValue',
      message: 'an http URL needs a checksum',
      hint: 'add spec.checksum or use https',
    },
  ];
}

import type { KindNames } from './define.ts';
import { namesOf } from './kinds.ts';
import { KINDS } from './list.ts';

/**
 * The names of all kinds, as plain data: `scripts/bundle.ts` puts the value in the place of this module, so that a command that
 * only needs words does not load schemas and renderers.
 */
export const KIND_NAMES: readonly KindNames[] = KINDS.all.map(namesOf);

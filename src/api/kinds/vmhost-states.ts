import type { ConditionStatus } from '../meta.ts';
import type { JsonSchema } from './json-schema.ts';

/** How an object that several vmhosts have stands on one of them. Each daemon writes its own. */
export interface VmhostState {
  /** Of the vmhost. */
  readonly name: string;
  readonly ready: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

const state: Readonly<Record<keyof VmhostState, JsonSchema>> = {
  name: { type: 'string', description: 'Name of the vmhost.' },
  ready: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it works there.' },
  reason: { type: 'string', description: 'Why, in a word for programs.' },
  message: { type: 'string', description: 'Why, in a sentence for people.' },
};

/** `status.vmhosts` of a kind whose objects may be on several vmhosts. */
export const vmhostStates: JsonSchema = {
  type: 'array',
  items: { type: 'object', properties: state, required: ['name', 'ready', 'reason', 'message'] },
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  description: 'How it stands on each vmhost that has it.',
};

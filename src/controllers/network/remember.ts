import type { NetworkAction, NetworkRemovalAction } from '../../api/disruption/action.ts';
import { explainError, reasonOf } from '../../api/errors.ts';
import { reserved, type NetworkMemory } from '../../api/network/memory.ts';
import type { PassEvent } from '../pass.ts';

/** What is remembered of a Network after an event of a pass. @param now RFC 3339 */
export function rememberNetwork(
  memory: NetworkMemory = {},
  event: PassEvent<'Network', NetworkAction | NetworkRemovalAction, undefined>,
  now: string,
): NetworkMemory {
  if (event.type === 'looked') {
    const macs = event.look.fields.entries?.map(({ mac }) => mac) ?? [];
    return reserved(memory, macs);
  }
  if (event.action.type !== 'RestartNetwork') return memory;
  switch (event.type) {
    case 'executing':
      return { ...memory, restartedAt: now };
    case 'executed': {
      const { failedRestart: _mended, ...rest } = memory;
      return rest;
    }
    case 'failed': {
      if (reasonOf(event.error) !== 'RestartFailed') return memory;
      const { signature } = event.action;
      return { ...memory, failedRestart: { signature, message: explainError(event.error) } };
    }
  }
}

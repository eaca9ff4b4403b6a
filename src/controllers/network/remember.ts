import type { NetworkAction, NetworkRemovalAction } from '../../api/network/actions.ts';
import { explainError, reasonOf } from '../../api/errors.ts';
import type { DesiredOverlay } from '../../api/network/overlay.ts';
import { reserved, type NetworkMemory } from '../../api/network/memory.ts';
import type { PassEvent } from '../reconciler.ts';

/** The overlay, where all of it is as it shall be. */
export type NetworkExtra = { readonly inForce: DesiredOverlay } | undefined;

/** What is remembered of a Network after an event of a pass. @param now RFC 3339 */
export function rememberNetwork(
  memory: NetworkMemory = {},
  event: PassEvent<'Network', NetworkAction | NetworkRemovalAction, NetworkExtra>,
  now: string,
): NetworkMemory {
  if (event.type === 'looked') {
    const macs = event.look.fields.entries?.map(({ mac }) => mac) ?? [];
    const { extra } = event.look;
    return reserved(extra === undefined ? memory : { ...memory, overlay: extra.inForce }, macs);
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

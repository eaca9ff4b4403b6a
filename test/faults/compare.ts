import { isDeepStrictEqual } from 'node:util';
import { findCondition, isTrue } from '../../src/api/conditions.ts';
import { INJECTED } from './injector.ts';
import { disruptions, fingerprint } from './fingerprint.ts';
import type { Outcome } from './run.ts';

/**
 * What a run with faults left otherwise than an undisturbed one; nothing: it came to the same.
 * @param fault what happened, and `name` to which calls
 */
export function differences(calm: Outcome, run: Outcome, fault: string, name: string): readonly string[] {
  if (!run.settled) return [`it never settles: ${run.changes.slice(-8).join(', ')}`];
  if (waitsForPerson(run)) return [];
  const [wanted, found] = [fingerprint(calm), fingerprint(run)];
  const other = Object.keys(wanted).filter((part) => !isDeepStrictEqual(found[part], wanted[part]));
  const felt = disruptions(calm);
  const more = [...disruptions(run)].filter(([what, times]) => times > (felt.get(what) ?? 0));
  return [
    // An image whose manifest went while the daemon was down stays in the store (docs/removal.md).
    ...other.filter((part) => part !== 'images' || !fault.includes('killed')),
    // A guest that cannot be asked to renew has its link taken down instead.
    ...more
      .filter(([what]) => !name.includes('ssh.exec') || !what.startsWith('setLink'))
      .map(([what]) => `again: ${what}`),
  ];
}

/** A network that did not start anew is not tried again until somebody edits it, and says so with the cause. */
function waitsForPerson({ vmhost: { bed } }: Outcome): boolean {
  return bed.store.list('Network').some(({ status: { conditions } }) => {
    const synced = findCondition(conditions, 'Synced');
    const failed = conditions.some(
      ({ type, reason }) => type === 'RestartFailed' || reason === 'RestartFailed',
    );
    const named = conditions.some(({ message }) => message.includes(INJECTED));
    return failed && named && !isTrue(conditions, 'Synced') && synced !== undefined;
  });
}

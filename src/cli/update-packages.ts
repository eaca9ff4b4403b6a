import { ReasonedError } from '../api/errors.ts';
import type { UpdateEvent, UpdateSelection } from '../api/node/package-updates.ts';
import { plain } from '../api/plain.ts';
import type { Client } from './client.ts';

/** Updates the guests' packages and prints how it goes. @returns the exit code: 1 when a guest failed */
export async function updatePackages(
  client: Client,
  selection: UpdateSelection,
  print: (line: string) => void,
): Promise<0 | 1> {
  let last: UpdateEvent | undefined;
  await client.stream('packageupdates', selection, (line) => {
    last = JSON.parse(line) as UpdateEvent;
    print(plain(updateLine(last)));
  });
  if (last?.type === 'finished') return last.failed === undefined && last.left.length === 0 ? 0 : 1;
  throw new ReasonedError('Interrupted', 'cannot tell how the update ended: k8slabd went away');
}

function updateLine(event: UpdateEvent): string {
  switch (event.type) {
    case 'skipped':
      return `${event.node}: skipped, ${event.message}`;
    case 'started':
      return `${event.node}: updating (${event.position} of ${event.total})`;
    case 'line':
      return `${event.node}: ${event.line.replaceAll('\t', ' ')}`;
    case 'updated':
      return `${event.node}: updated in ${event.seconds} s${event.rebootRequired ? '; it wants a reboot' : ''}`;
    case 'failed':
      return `${event.node}: failed: ${event.message}`;
    case 'finished':
      return summary(event);
  }
}

function summary({ updated, failed, left }: Extract<UpdateEvent, { type: 'finished' }>): string {
  return [
    `${updated.length} updated`,
    ...(failed === undefined ? [] : [`1 failed (${failed})`]),
    ...(left.length === 0 ? [] : [`${left.length} not tried (${left.join(', ')})`]),
  ].join(', ');
}

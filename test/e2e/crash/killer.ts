import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { DIRECTORY, type Order } from './order.ts';

const TOP = join(import.meta.dirname, '../../..');
const PRELOAD = 'test/e2e/crash/preload.ts';
const FILES = [PRELOAD, 'test/e2e/crash/order.ts', 'src/drivers/virsh/commands.ts'];

/** Started again at once: what it does is waited for, not its unit's pause. */
const DROP_IN = `[Service]
Environment=NODE_OPTIONS=--import=${DIRECTORY}/${PRELOAD}
ReadWritePaths=${DIRECTORY}
RestartSec=100ms
`;

/** A change of the vmhost. */
export interface Change {
  readonly what: string;
  /** No other was under way when it began. */
  readonly alone: boolean;
  /** Nothing was left to do before it: what is sent to a guest then changes nothing. */
  readonly late: boolean;
}

/** What became of an order. */
export interface Told {
  /** What the daemon changed, until it was killed. */
  readonly steps: readonly Change[];
  readonly killed: boolean;
}

/** Counts what the lab's k8slabd changes, and has it killed at a step. */
export interface Killer {
  readonly order: (at: Omit<Order, 'id'>) => Promise<void>;
  /** Whether the daemon has changed anything since. */
  readonly hasBegun: () => Promise<true | undefined>;
  /** Nothing is left to do: what is changed from now on is late. */
  readonly rest: () => Promise<void>;
  /** Ends the order. */
  readonly told: () => Promise<Told>;
}

/** Before k8slabd is started. */
export async function installKiller(lab: Lab): Promise<Killer> {
  for (const file of FILES)
    await lab.writeFile(`${DIRECTORY}/${file}`, readFileSync(join(TOP, file), 'utf8'));
  await lab.writeFile('/etc/systemd/system/k8slabd.service.d/killer.conf', DROP_IN);
  await lab.must(['systemctl', 'daemon-reload']);
  let id = 0;
  return {
    async order(at) {
      id += 1;
      await lab.must(['rm', '-f', `${DIRECTORY}/record`]);
      await lab.writeFile(`${DIRECTORY}/order.json`, JSON.stringify({ id, ...at }));
    },
    async hasBegun() {
      return (await lab.exec(['test', '-s', `${DIRECTORY}/record`])).code === 0 ? true : undefined;
    },
    async rest() {
      await lab.must(['sh', '-c', `echo rests >>${DIRECTORY}/record`]);
    },
    async told() {
      const script = `rm -f ${DIRECTORY}/order.json; cat ${DIRECTORY}/record 2>/dev/null || true`;
      const lines = (await lab.must(['sh', '-c', script])).split('\n').filter((line) => line !== '');
      const isKilled = lines.includes('killed');
      return {
        steps: changesIn(isKilled ? lines.slice(0, lines.indexOf('killed')) : lines),
        killed: isKilled,
      };
    },
  };
}

function changesIn(lines: readonly string[]): Change[] {
  const rests = lines.includes('rests') ? lines.indexOf('rests') : lines.length;
  return lines.flatMap((line, index) => {
    const [how = '', ...what] = line.split(' ');
    return line === 'rests' ? [] : [{ what: what.join(' '), alone: how === 'alone', late: index > rests }];
  });
}

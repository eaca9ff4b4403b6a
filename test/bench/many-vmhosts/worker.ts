import { KINDS } from '../../../src/api/kinds/list.ts';
import { namesOf } from '../../../src/api/kinds/kinds.ts';
import { explainError } from '../../../src/api/errors.ts';
import { createKube } from '../../../src/drivers/kube/client.ts';
import { systemClock } from '../../../src/engine/clock.ts';
import { setPriority } from 'node:os';
import { startLoaded, type LoadedDaemon } from '../../load/daemon.ts';
import { now, type Answer, type Called, type PlayedVmhost, type Question, type Usage } from './messages.ts';

/** How often the guests do what is due. */
const ACT_MS = 250;
/** Those that change libvirt. */
const CHANGES = /^(define|undefine|start|destroy|shutdown|reboot|set|update|grow)/;
/** Nodes of a vmhost that is played may ask for what they like. */
const OVERCOMMIT = { cpu: 100, memory: 100, storage: 100 };
const LOWEST_PRIORITY = 19;

const daemons: LoadedDaemon[] = [];
const requests: Record<string, number> = {};
let isTelling = false;
let acting: NodeJS.Timeout | undefined;
/** CPU seconds of what plays the guests. */
let played = 0;

async function start(vmhosts: readonly PlayedVmhost[]): Promise<void> {
  for (const vmhost of vmhosts) daemons.push(await startOne(vmhost));
  acting = setInterval(act, ACT_MS);
}

async function startOne({ name, kubeconfig, address, labels }: PlayedVmhost): Promise<LoadedDaemon> {
  const kube = createKube({
    kubeconfig,
    kinds: KINDS.all.map(namesOf),
    reporter: name,
    onRequest({ verb, kind }) {
      const key = `${verb} ${kind}`;
      requests[key] = (requests[key] ?? 0) + 1;
    },
  });
  const daemon = await startLoaded({
    clock: systemClock(),
    prepare: () => Promise.resolve(),
    shared: {
      ...{ name, kube, machine: { machineID: name.padEnd(32, '0'), bootID: 'b' } },
      source: { address, overcommit: OVERCOMMIT, labels },
    },
  });
  daemon.world.refuse = (call, about) => {
    if (isTelling && CHANGES.test(call)) send({ vmhost: name, call, about, at: now() });
    return undefined;
  };
  return daemon;
}

function act(): void {
  const before = process.threadCpuUsage();
  for (const { guests } of daemons) guests.act();
  const { user, system } = process.threadCpuUsage(before);
  played += (user + system) / 1e6;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6 - played,
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
    requests: { ...requests },
  };
}

async function answer(question: Question): Promise<Omit<Answer, 'id'>> {
  switch (question.ask) {
    case 'start':
      await start(question.vmhosts);
      return {};
    case 'yield':
      setPriority(LOWEST_PRIORITY);
      return {};
    case 'tell':
      isTelling = question.isOn;
      return {};
    case 'usage':
      return { usage: usage() };
    case 'stop':
      clearInterval(acting);
      await Promise.all(daemons.map((each) => each.stop()));
      return {};
  }
}

function send(message: Answer | Called): void {
  process.send?.(message);
}

process.on('message', ({ id, ...question }: Question & { readonly id: number }) => {
  answer(question).then(
    (answered) => send({ id, ...answered }),
    (error: unknown) => send({ id, failure: explainError(error) }),
  );
});
// It has no purpose without who started it.
process.on('disconnect', () => process.exit());

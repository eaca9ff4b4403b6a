import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Called, PlayedVmhost, Question, Usage } from './messages.ts';

/** Daemons of vmhosts in memory, several to a process. */
export interface Fleet {
  usage(): Promise<Usage>;
  /** From now on the first vmhosts have the machine before all others: each of those would have a machine of its own. */
  favourFirst(): Promise<void>;
  /** Calls that change libvirt, on any vmhost, from now until it is ended. */
  calls(listener: (called: Called) => void): Promise<{ end(): Promise<void> }>;
  stop(): Promise<void>;
}

/** So many have a process of their own each. */
export const IN_FRONT = 2;
const A_PROCESS = 12;

interface Worker {
  readonly child: ChildProcess;
  ask(question: Question): Promise<Answer>;
}

export async function startFleet(vmhosts: readonly PlayedVmhost[]): Promise<Fleet> {
  const listeners = new Set<(called: Called) => void>();
  const workers: Worker[] = [];
  const tell = (called: Called): void => listeners.forEach((each) => each(called));
  for (const group of groupsOf(vmhosts)) {
    const worker = startWorker(tell);
    workers.push(worker);
    // One after the other, so that the first one is elected.
    await worker.ask({ ask: 'start', vmhosts: group });
  }
  const askAll = (question: Question): Promise<Answer[]> =>
    Promise.all(workers.map((worker) => worker.ask(question)));
  return {
    usage: async () => total((await askAll({ ask: 'usage' })).flatMap(({ usage }) => usage ?? [])),
    async favourFirst() {
      await Promise.all(workers.slice(IN_FRONT).map((worker) => worker.ask({ ask: 'yield' })));
    },
    async calls(listener) {
      listeners.add(listener);
      await askAll({ ask: 'tell', isOn: true });
      return {
        async end() {
          listeners.delete(listener);
          await askAll({ ask: 'tell', isOn: false });
        },
      };
    },
    async stop() {
      await askAll({ ask: 'stop' });
      await Promise.all(
        workers.map(async ({ child }) => {
          const ended = once(child, 'exit');
          child.disconnect();
          await ended;
        }),
      );
    },
  };
}

function groupsOf(vmhosts: readonly PlayedVmhost[]): readonly (readonly PlayedVmhost[])[] {
  const others = vmhosts.slice(IN_FRONT);
  const groups = Array.from({ length: Math.ceil(others.length / A_PROCESS) }, (_, at) =>
    others.slice(at * A_PROCESS, (at + 1) * A_PROCESS),
  );
  return [...vmhosts.slice(0, IN_FRONT).map((each) => [each]), ...groups];
}

function startWorker(onCall: (called: Called) => void): Worker {
  const child = fork(join(import.meta.dirname, 'worker.ts'), { execArgv: process.execArgv });
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let asked = 0;
  child.on('message', (message: Answer | Called) => {
    if ('call' in message) onCall(message);
    else if (message.failure !== undefined) waiting.get(message.id)?.reject(new Error(message.failure));
    else waiting.get(message.id)?.resolve(message);
  });
  child.on('exit', () => waiting.forEach(({ reject }) => reject(new Error('a worker has ended'))));
  return {
    child,
    ask(question) {
      const answer = Promise.withResolvers<Answer>();
      waiting.set((asked += 1), answer);
      child.send({ id: asked, ...question });
      return answer.promise;
    },
  };
}

function total(all: readonly Usage[]): Usage {
  const requests: Record<string, number> = {};
  for (const each of all)
    for (const [key, count] of Object.entries(each.requests)) requests[key] = (requests[key] ?? 0) + count;
  const sum = (of: (usage: Usage) => number): number => all.reduce((so, each) => so + of(each), 0);
  return {
    cpuSeconds: sum((each) => each.cpuSeconds),
    residentMiB: sum((each) => each.residentMiB),
    requests,
  };
}

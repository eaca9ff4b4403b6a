import { byAnsible } from './ansible.ts';
import { readAll, readAllByScript, session } from './by-hand.ts';
import { median, type Group } from './line.ts';

const RUNS = 3;
const MOST_MS = 300_000;

export const start: Group = {
  name: 'start',
  needs: 'nodes',
  async run({ lab, nodes, daemon, report }) {
    const limit = await session(lab, readAll(nodes));
    const obvious = await readAllByScript(lab, nodes);
    report('a sample by Ansible');
    const ansible = (await byAnsible(lab, report))?.again(nodes);
    const seconds: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      report(`start ${run + 1} of ${RUNS}`);
      await daemon.stop();
      const began = performance.now();
      await daemon.start();
      const done = await daemon.untilNodes(nodes, 'Synced', MOST_MS);
      seconds.push(done ? (performance.now() - began) / 1000 : NaN);
    }
    const work = `start over ${nodes} unchanged Nodes, until all are Synced`;
    const others = ansible === undefined ? { obvious } : { obvious, ansible };
    return [{ work, k8slab: median(seconds), limit, ...others, target: { times: 1.5 } }];
  },
};

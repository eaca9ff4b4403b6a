import { median, type Group } from './line.ts';

const RUNS = 20;
export const NODE = '/usr/lib/k8slab/bin/node';

/** The command line against a Node program that does nothing, one after the other in each round. */
export const cli: Group = {
  name: 'cli',
  needs: 'nodes',
  async run({ lab, nodes }) {
    const commands = [
      'k8slab get nodes',
      'k8slab version --client',
      "k8slab __complete get ''",
      'k8slab __complete get node node00',
    ];
    await lab.writeFile('/tmp/empty.mjs', '');
    const all = [`${NODE} /tmp/empty.mjs`, ...commands];
    const round = all.map(
      (command) => `begin=$(date +%s%N); ${command} >/dev/null; echo $(($(date +%s%N) - begin))`,
    );
    const input = `for i in $(seq ${RUNS}); do ${round.join('; ')}; done`;
    const text = await lab.must(['bash', '-s'], { input, timeoutMs: 300_000 });
    const values = text
      .trim()
      .split('\n')
      .map((line) => Number(line) / 1e9);
    const [limit, ...seconds] = all.map((_, column) =>
      median(values.filter((_, index) => index % all.length === column)),
    );
    return commands.map((command, index) => ({
      work: command === 'k8slab get nodes' ? `k8slab get at ${nodes} Nodes` : command,
      k8slab: seconds[index] ?? NaN,
      ...(limit === undefined ? {} : { limit }),
      target: { times: index === 0 ? 3 : 2 },
      note: index === 0 ? 'limit: an empty Node program' : '',
    }));
  },
};

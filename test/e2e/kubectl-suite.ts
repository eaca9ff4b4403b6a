import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { fetchKubectls, KUBECTLS, type KubectlVersion } from '../kubectl/kubectls.ts';
import type { Lab } from '../lab/lab.ts';

/** Real kubectls on the vmhost, by what `k8slab kubeconfig` gives them; test/kubectl has what they print in full. */
export function kubectlSuite(lab: () => Lab, nodes: readonly string[]): void {
  describe('kubectl on the vmhost', () => {
    before(async () => {
      const paths = await fetchKubectls();
      for (const version of KUBECTLS) {
        const input = await readFile(paths[version]);
        await lab().must(['sh', '-c', `cat >${at(version)} && chmod +x ${at(version)}`], { input });
      }
      await lab().must(['k8slab', 'kubeconfig', '--output', '/root/.kube/config']);
    });

    it('has a kubeconfig that only root may read, and that only root is given', async () => {
      assert.equal((await lab().must(['stat', '-c', '%a', '/root/.kube/config'])).trim(), '600');
      const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
      for (const command of [['kubeconfig'], ['get', 'nodes']]) {
        const { code, stderr } = await lab().exec([...nobody, 'k8slab', ...command]);
        assert.deepEqual([code, /permission denied \(run it as root/.test(stderr)], [1, true], stderr);
      }
    });

    for (const version of KUBECTLS) {
      it(`${version} gets, waits for and describes guests, and explains what they are`, async () => {
        const run = (...argv: string[]): Promise<string> => lab().must([at(version), ...argv]);

        const got = await run('get', 'nodes.k8slab.io', '-o', 'jsonpath={.items[*].metadata.name}');
        const met = await run('wait', '--for=condition=Ready', 'nodes.k8slab.io', '--all', '--timeout=60s');
        const described = await run('describe', 'node.k8slab.io', nodes[0] ?? '');
        const explained = await run('explain', 'node.status.address');

        assert.deepEqual(got.split(' '), nodes);
        assert.equal(met, nodes.map((name) => `node.k8slab.io/${name} condition met\n`).join(''));
        assert.match(described, /\nEvents:\n +Type +Reason +Age +From +Message\n[^]*StartDomain/);
        assert.match(explained, /Its address in the first network\./);
      });
    }
  });
}

function at(version: KubectlVersion): string {
  return `/var/tmp/kubectl-${version}`;
}

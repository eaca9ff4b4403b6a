import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { contentHash } from '../../src/api/canonical.ts';
import { runCommand, type CommandResult } from '../lab/processes.ts';
import { serveSecure, type SecureApi } from './bed.ts';
import { fetchKubectls, KUBECTLS, type KubectlVersion } from './kubectls.ts';

let api: SecureApi;
let paths: Readonly<Record<KubectlVersion, string>>;

before(async () => {
  paths = await fetchKubectls();
  api = await serveSecure('master00', 'worker00');
  label('worker00', { zone: 'b', rank: '1' });
  label('master00', { rank: '2' });
  const about = { kind: 'Node', name: 'master00', uid: uidOf('master00') } as const;
  api.events.record(about, 'Normal', 'StartDomain', 'the guest shall run');
  api.events.record(about, 'Warning', 'StartFailed', 'cannot start domain "master00": no memory');
});
after(() => api.close());

function uidOf(name: string): string {
  return api.bed.object('Node', name).metadata.uid;
}

function label(name: string, labels: Record<string, string>): void {
  const { spec } = api.bed.object('Node', name);
  api.bed.store.apply('Node', { name, labels, spec, hash: contentHash(spec) });
}

for (const version of KUBECTLS) {
  describe(`kubectl ${version}`, () => {
    async function environment(): Promise<NodeJS.ProcessEnv> {
      const HOME = join(api.dir, version);
      await mkdir(HOME, { recursive: true });
      return { PATH: process.env['PATH'], HOME, KUBECONFIG: api.kubeconfig, EDITOR: 'true' };
    }

    async function run(command: string): Promise<CommandResult> {
      const argv = command.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? [];
      return runCommand([paths[version], ...argv], { env: await environment(), timeoutMs: 30_000 });
    }

    /** What it prints when it says nothing on stderr and succeeds. */
    async function must(command: string): Promise<string> {
      const { code, stdout, stderr } = await run(command);
      assert.deepEqual([code, stderr], [0, ''], command);
      return stdout;
    }

    /** The words of each row. */
    function words(table: string): string[][] {
      return table
        .trimEnd()
        .split('\n')
        .map((row) => row.trim().split(/ {2,}|\t/));
    }

    it('gets nodes as a table, wide, with labels, by selectors, sorted and in parts', async () => {
      const [plain, wide, labelled, unlabelled, named, sorted, parts] = await Promise.all(
        [
          'get nodes.k8slab.io',
          'get kn -o wide',
          'get nodes.k8slab.io -l zone=b --show-labels --no-headers',
          "get nodes -l '!zone' -o name",
          'get nodes.k8slab.io --field-selector metadata.name=worker00 -o name',
          'get nodes.k8slab.io --sort-by {.metadata.labels.rank} --no-headers',
          'get nodes.k8slab.io --chunk-size 1 --no-headers',
        ].map(must),
      );

      assert.deepEqual(
        words(plain ?? '').map(([name]) => name),
        ['NAME', 'master00', 'worker00'],
      );
      assert.deepEqual(words(plain ?? '')[0], ['NAME', 'ROLE', 'ADDRESS', 'READY', 'STATUS', 'AGE']);
      assert.match(wide ?? '', /^NAME +ROLE +ADDRESS +VMHOST +MAC +.*AGE +MESSAGE\nmaster00 .* 52:54:00:/);
      assert.match(labelled ?? '', /^worker00 .* rank=1,zone=b\n$/);
      assert.equal(unlabelled, 'node.k8slab.io/master00\n');
      assert.equal(named, 'node.k8slab.io/worker00\n');
      assert.deepEqual(
        words(sorted ?? '').map(([name]) => name),
        ['worker00', 'master00'],
      );
      assert.deepEqual(
        words(parts ?? '').map(([name]) => name),
        ['master00', 'worker00'],
      );
      const { stderr } = await run('get nodes.k8slab.io --chunk-size 1 -v 6');
      assert.equal(stderr.match(/limit=1\b/g)?.length, 2);
    });

    it('gets nodes as JSONPath, YAML and columns of its own', async () => {
      const [path, yaml, columns, several] = await Promise.all(
        [
          'get nodes.k8slab.io -o jsonpath={.items[*].status.address}',
          'get node/worker00 -o yaml',
          'get nodes.k8slab.io -o custom-columns=NAME:.metadata.name,CPUS:.spec.cpus',
          'get node/worker00 network/k8s-net --no-headers',
        ].map(must),
      );

      assert.match(path ?? '', /^192\.168\.111\.\d+ 192\.168\.111\.\d+$/);
      assert.match(yaml ?? '', /^apiVersion: k8slab\.io\/v1alpha1\nkind: Node\nmetadata:\n/);
      assert.deepEqual(words(columns ?? ''), [
        ['NAME', 'CPUS'],
        ['master00', '1'],
        ['worker00', '1'],
      ]);
      assert.match(several ?? '', /^node\.k8slab\.io\/worker00 [^]*\nnetwork\.k8slab\.io\/k8s-net /);
    });

    it('watches nodes: what there is, then each change, as rows of the same table', async () => {
      const child = spawn(paths[version], ['get', 'nodes.k8slab.io', '-w', '-l', 'zone'], {
        env: await environment(),
      });
      const lines: string[] = [];
      const reached = Promise.withResolvers<undefined>();
      let grown = 0;
      createInterface(child.stdout).on('line', (line) => {
        lines.push(line.replaceAll(/ {2,}/g, ' '));
        if (lines.length === 2)
          setImmediate(() => label('worker00', { zone: `c${(grown += 1)}`, rank: '1' }));
        if (lines.length === 3) label('worker00', { zone: 'b', rank: '1' });
        if (lines.length === 4) reached.resolve(undefined);
      });
      await reached.promise;
      child.kill();

      assert.match(lines[0] ?? '', /^NAME ROLE ADDRESS /);
      assert.deepEqual(
        lines.slice(1).map((line) => line.split(' ')[0]),
        Array(3).fill('worker00'),
      );
    });

    it('describes a node with its events, and gets events', async () => {
      const [described, events, all, selected] = await Promise.all(
        [
          'describe node.k8slab.io master00',
          'get events',
          'get events -A --no-headers',
          'get events --field-selector type=Warning,involvedObject.name=master00 -o jsonpath={.items[*].reason}',
        ].map(must),
      );

      assert.match(described ?? '', /^Name: +master00\n[^]*\nStatus:\n[^]*\nEvents:\n/);
      assert.match(
        described ?? '',
        /\n +Warning +StartFailed +\d+s +k8slab +cannot start domain "master00": no memory\n/,
      );
      assert.deepEqual(words(events ?? '')[0], ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
      assert.deepEqual(words(events ?? '')[1]?.slice(1), [
        ...['Normal', 'StartDomain', 'node/master00', 'the guest shall run'],
      ]);
      assert.match(all ?? '', /^default +\d+s +Normal +StartDomain /);
      assert.equal(selected, 'StartFailed');
    });

    it('waits for conditions, and tells what is not met in time', async () => {
      const met = await must('wait --for=condition=Ready nodes.k8slab.io --all --timeout=10s');
      const missed = await run('wait --for=condition=Ready=False node/master00 --timeout=1s');

      assert.equal(met, 'node.k8slab.io/master00 condition met\nnode.k8slab.io/worker00 condition met\n');
      assert.deepEqual(
        [missed.code, missed.stderr],
        [1, 'error: timed out waiting for the condition on nodes/master00\n'],
      );
    });

    it('explains fields of spec and status', async () => {
      const [whole, field, status] = await Promise.all(
        ['explain nodes --recursive', 'explain node.spec.disk', 'explain network.status.entries'].map(must),
      );

      assert.match(whole ?? '', /\n +cloudInit\t<Object>\n +commands\t<\[\]string>\n/);
      assert.match(whole ?? '', /\n +status\t<Object>\n +address\t<string>\n/);
      assert.match(field ?? '', /The first disk; exactly one of image, cloneOf and path/);
      assert.match(status ?? '', /\n +hostnames\t<\[\]string>\n +Names that mean the address\.\n/);
    });

    it('lists what there is, and whether one may', async () => {
      const [resources, allowed, refused] = await Promise.all([
        must('api-resources --api-group=k8slab.io --no-headers'),
        run('auth can-i list nodes.k8slab.io'),
        run('auth can-i delete nodes.k8slab.io'),
      ]);

      assert.deepEqual(
        words(resources).map((row) => row.at(-1)),
        ['Image', 'LoadBalancer', 'Network', 'Node', 'Vmhost'],
      );
      // It says so of every resource that is in no namespace.
      const warning = /^Warning: resource 'nodes' is not namespace scoped in group 'k8slab\.io'\n+$/;
      assert.match(allowed.stderr, warning);
      assert.deepEqual([allowed.code, allowed.stdout], [0, 'yes\n']);
      assert.match(refused.stdout, /^no - objects are edited as manifests/);
    });

    it('is told why what it asks for is refused', async () => {
      const [missing, field, removed, labelled] = await Promise.all(
        [
          'get node/none',
          'get nodes.k8slab.io --field-selector spec.cpus=2',
          'delete node/master00 --wait=false',
          'label node/master00 a=b',
        ].map(run),
      );

      const edited =
        'objects are edited as manifests in the directory of manifests, by default /etc/k8slab.d\n';
      assert.equal(missing?.stderr, 'Error from server (NotFound): nodes "none" not found\n');
      assert.match(
        field?.stderr ?? '',
        /^Error from server \(BadRequest\): .*field label not supported: spec\.cpus\n$/,
      );
      assert.equal(
        removed?.stderr,
        `Error from server (MethodNotAllowed): DELETE is not supported: ${edited}`,
      );
      assert.equal(
        labelled?.stderr,
        `Error from server (MethodNotAllowed): PATCH is not supported: ${edited}`,
      );
    });

    it('with a wrong token is unauthorized, with a wrong authority it does not talk to the server', async () => {
      const wrong = await run('get nodes.k8slab.io --token wrong');
      const other = await run(
        'get nodes.k8slab.io --insecure-skip-tls-verify=false --tls-server-name other.example',
      );

      assert.deepEqual([wrong.code, other.code], [1, 1]);
      assert.match(wrong.stderr, /You must be logged in to the server/);
      assert.match(other.stderr, /x509: certificate is valid for /);
    });
  });
}

import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ExportedManifest } from '../../../src/api/placement/export.ts';
import { createClient, type Client } from '../../../src/cli/client.ts';
import { fetchExport, writeExport } from '../../../src/cli/export.ts';
import { fetchPlan, printPlan } from '../../../src/cli/plan.ts';
import { rememberedIn } from '../../../src/daemon/api-server/remembered.ts';
import { exists } from '../../../src/drivers/files.ts';
import { imageText, K8S_NET, networkText, nodeText } from '../../api/manifest/samples.ts';
import type { FakeApiServer, FakeCall } from '../../kube/fake.ts';
import type { World } from '../../controllers/fakes.ts';
import type { LoadedDaemon, LoadOptions } from '../../load/daemon.ts';
import { BINDING, condition, createBed, finalizers, put, ready, sharing, status, type Bed } from './bed.ts';

const NODES = ['lb', 'w1', 'w2', 'w3'];
const WORKERS = ['w1', 'w2', 'w3'];
const LAB = [
  K8S_NET,
  imageText('debian'),
  nodeText('lb', { role: 'lb', networks: [{ network: 'k8s-net', address: '192.168.111.40' }] }),
  ...WORKERS.map((name) => nodeText(name, { role: 'worker' })),
];

describe('a lab that runs', () => {
  let bed: Bed;
  let server: FakeApiServer;
  let lab: LoadedDaemon;
  /** Whether a Node was ever without its name on the vmhost. */
  let wasNameless: boolean;

  /** Finalizers are set once this is over. */
  let gate: Promise<void>;

  beforeEach(() => {
    gate = Promise.resolve();
    const before = ({ verb }: FakeCall): Promise<void> | undefined =>
      verb === 'finalizer' ? gate : undefined;
    bed = createBed({ before });
    ({ server } = bed);
  });
  afterEach(() => lab.stop());

  /** Each time that it is written. */
  function watchHosts({ files }: World): void {
    const set = files.set.bind(files);
    files.set = (path, text) => {
      wasNameless ||= path === '/etc/hosts' && !NODES.every((name) => text.includes(` ${name}`));
      return set(path, text);
    };
  }

  async function start(more: Partial<LoadOptions>): Promise<void> {
    lab = await bed.start({ name: 'v1', ...more });
  }

  function fromDirectory(texts: readonly string[] = LAB): Partial<LoadOptions> {
    return { prepare: (dir) => writeFile(join(dir, 'lab.yaml'), texts.join('\n---\n')) };
  }

  function fromApiServer(): Partial<LoadOptions> {
    return sharing(server, 'v1');
  }

  async function restart(more: Partial<LoadOptions>): Promise<void> {
    await lab.halt();
    await start({ vmhost: lab, ...more });
  }

  async function allReady(): Promise<void> {
    await bed.until('all is Ready', () => lab.daemon.allReady());
  }

  async function readyThere(...names: readonly string[]): Promise<void> {
    await bed.until(
      'Ready there',
      () => names.every((name) => ready(server, 'Node', name) === 'True'),
      () => [lab.daemon.notReady(), names.map((name) => status(server, 'Node', name))],
    );
  }

  /** From then on all that is done to the vmhost counts. */
  async function settled(): Promise<void> {
    await allReady();
    lab.world.calls.length = 0;
    lab.guests.forget();
    wasNameless = false;
    watchHosts(lab.world);
  }

  async function held(...names: readonly string[]): Promise<void> {
    const told = (): readonly string[] => lab.daemon.notReady().map(({ name }) => name);
    await bed.until('held', () => names.every((name) => told().includes(`Node/${name}`)), told);
  }

  function assertUntouched(except = /^never$/): void {
    assert.deepEqual(
      lab.world.calls.filter((call) => !except.test(call)),
      [],
    );
    assert.ok(!wasNameless, 'every Node had its name in /etc/hosts throughout');
    assert.deepEqual([...lab.world.domains.keys()].sort(), NODES);
  }

  const client = (): Client => createClient(join(lab.config.runtime, 'k8slab.sock'));
  const apply = (items: readonly ExportedManifest[]): void => {
    for (const item of items) put(server, JSON.stringify(item));
  };

  /** As `mv /etc/k8slab.d /etc/k8slab.d.before; k8slab export /etc/k8slab.d`. */
  async function exportBack(): Promise<readonly ExportedManifest[]> {
    const exported = await fetchExport(client());
    await rename(lab.config.manifests, `${lab.config.manifests}.before`);
    await writeExport(lab.config.manifests, exported);
    return exported.items;
  }

  it('moves from the directory to an API server and back, with its addresses, and nothing is done to it', async () => {
    await start(fromDirectory());
    await settled();
    const { items, notes } = await fetchExport(client());
    assert.deepEqual([items.length, notes], [LAB.length, []]);

    apply(items);
    await restart(fromApiServer());
    await readyThere(...NODES);

    assertUntouched();
    assert.deepEqual(status(server, 'Network', 'k8s-net')['allocations'], [
      { node: 'lb', address: '192.168.111.40' },
      { node: 'w1', address: '192.168.111.2', podCIDR: '10.200.0.0/24' },
      { node: 'w2', address: '192.168.111.3', podCIDR: '10.200.1.0/24' },
      { node: 'w3', address: '192.168.111.4', podCIDR: '10.200.2.0/24' },
    ]);
    assert.deepEqual(await exportBack(), items);
    await restart({});
    await allReady();

    assertUntouched();
    assert.equal(printPlan(await fetchPlan(client(), [])), 'Nothing to do\n');
    assert.ok(
      !(await exists(rememberedIn(lab.config.state))),
      'what the API server had is nothing to go by later',
    );
  });

  it('goes on untouched while the API server names none of it, and while its objects come one by one', async () => {
    await start(fromDirectory());
    await settled();
    const { items } = await fetchExport(client());

    await restart(fromApiServer());
    await held(...NODES);
    // Whether there is room for it is no question any more.
    server.patch({ kind: 'Vmhost', name: 'v1' }, { spec: { unschedulable: true } });
    for (const item of items.toReversed()) {
      apply([item]);
      const { name } = item.metadata;
      if (item.kind === 'Node')
        await bed.until(`${name} is bound`, () => status(server, 'Node', name)['vmhost'] === 'v1');
    }
    await readyThere(...NODES);
    assert.equal(condition(server, 'Node', 'w1', 'Scheduled')?.['reason'], 'Bound');

    // Of guests that nothing names their roles are not known.
    assertUntouched(/\/etc\/ansible\/hosts$/);
  });

  it('goes on untouched while it is bound and its objects are not taken in yet', async () => {
    await start(fromDirectory());
    await settled();
    const { items } = await fetchExport(client());
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });

    await restart(fromApiServer());
    await held(...NODES);
    apply(items);
    const isTakenIn = (node: string): boolean =>
      lab.daemon
        .notReady()
        .some(({ name, why }) => name === `Node/${node}` && why.includes('being taken in'));
    await bed.until(
      'seen',
      () => NODES.every(isTakenIn),
      () => [lab.daemon.notReady(), lab.world.calls],
    );
    open();
    await readyThere(...NODES);

    assertUntouched(/\/etc\/ansible\/hosts$/);
  });

  it('keeps what the API server does not name, or says to be elsewhere, however little that is', async () => {
    await start(fromDirectory());
    await settled();
    const { items } = await fetchExport(client());
    apply(items.filter(({ metadata }) => metadata.name !== 'w2'));
    server.applyStatus({ kind: 'Node', name: 'w3' }, { vmhost: 'v9' }, BINDING);

    await restart(fromApiServer());
    await readyThere('lb', 'w1');
    await held('w2', 'w3');

    assertUntouched(/\/etc\/ansible\/hosts$/);
    const told = JSON.stringify(lab.daemon.notReady());
    assert.match(told, /nobody asked to remove it; to remove it: k8slab confirm-removal node\/w2/);
    assert.match(told, /another vmhost is said to have it.*k8slab confirm-removal node\/w3/);
    assert.deepEqual(finalizers(server.get({ kind: 'Node', name: 'w3' })), []);
    assert.equal(status(server, 'Node', 'w3')['vmhost'], 'v9');
  });

  it('moves from an API server to the directory with its overlay and what Nodes were given, and nothing is done to it', async () => {
    await start(fromApiServer());
    put(server, networkText('k8s-net', { overlay: {}, podCIDR: { cidr: '10.200.0.0/16' } }));
    put(server, imageText('debian'));
    for (const name of NODES)
      put(server, nodeText(name, { role: 'worker', vmhostSelector: { matchLabels: {} } }));
    await readyThere(...NODES);
    await settled();

    await exportBack();
    await restart({});
    await allReady();

    assertUntouched();
    assert.equal(printPlan(await fetchPlan(client(), [])), 'Nothing to do\n');
  });
});

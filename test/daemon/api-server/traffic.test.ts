import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { imageText, networkText, nodeText } from '../../api/manifest/samples.ts';
import type { FakeCall } from '../../kube/fake.ts';
import type { LoadedDaemon } from '../../load/daemon.ts';
import { createBed, put, ready, sharing } from './bed.ts';

const VMHOSTS = ['v1', 'v2', 'v3'];
const NODES = 5;
/** Its address, its binding, its finalizer, what becomes of it, and an Event for each step. */
const MOST_WRITES = 12;
/** The Network's allocations, its own Vmhost's files: nothing of the Node. */
const MOST_LOOKS = 10;

/** What `npm run bench:vmhosts` measures at fifty vmhosts, counted at three. */
describe(`${VMHOSTS.length} vmhosts with ${NODES} Nodes each`, () => {
  const { server, start, pass, until } = createBed();
  const daemons: LoadedDaemon[] = [];

  before(async () => {
    // The first one is elected.
    for (const name of VMHOSTS) daemons.push(await start(sharing(server, name)));
    put(server, networkText('k8s-net', { overlay: {} }));
    put(server, imageText('debian'));
    for (const name of nodes()) put(server, nodeText(name));
    await until('Ready', () => nodes().every((name) => ready(server, 'Node', name) === 'True'));
    await pass(120);
  });
  after(async () => {
    await Promise.all(daemons.map((each) => each.stop()));
  });

  /** What is asked meanwhile, but for Leases: `client verb Kind`, and how often. */
  async function during(does: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = server.calls.length;
    await does();
    const counts: Record<string, number> = {};
    for (const call of server.calls.slice(before).filter(({ verb }) => verb !== 'lease'))
      counts[wordsOf(call)] = (counts[wordsOf(call)] ?? 0) + 1;
    return counts;
  }

  it('write nothing at rest, and ask for nothing but their own Vmhosts, once in 10 s', async () => {
    const calls = await during(() => pass(600));

    assert.deepEqual(calls, Object.fromEntries(VMHOSTS.map((name) => [`${name} get Vmhost`, 60])));
  });

  /** How often a vmhost was to look what it has to write. */
  async function looks(daemon: LoadedDaemon | undefined): Promise<number> {
    const found = (await daemon?.metrics())?.matchAll(
      /^workqueue_adds_total\{name="api-server-\w+",[^}]*\} (\d+)$/gm,
    );
    return [...(found ?? [])].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  it('write nothing for a Node that another one gets, who writes little', async () => {
    const before = await looks(daemons[1]);
    const calls = await during(async () => {
      put(server, nodeText('more', { vmhost: 'v1' }));
      await until('Ready', () => ready(server, 'Node', 'more') === 'True');
      await pass(60);
    });

    const writes = Object.entries(calls).filter(([call]) => !call.includes(' get '));
    assert.deepEqual(
      writes.filter(([call]) => !call.startsWith('v1 ')),
      [],
    );
    const count = writes.reduce((sum, [, times]) => sum + times, 0);
    assert.ok(count <= MOST_WRITES, JSON.stringify(writes));
    const others = (await looks(daemons[1])) - before;
    assert.ok(before > 0 && others <= MOST_LOOKS, `${others} of ${before}`);
  });
});

function nodes(): string[] {
  return Array.from({ length: VMHOSTS.length * NODES }, (_, at) => `n${at}`);
}

function wordsOf({ client, verb, kind }: FakeCall): string {
  return `${client} ${verb} ${kind}`;
}

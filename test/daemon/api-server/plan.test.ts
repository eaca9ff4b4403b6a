import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../../../src/cli/client.ts';
import type { PlanAnswer } from '../../../src/cli/plan.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { foresee } from '../../../src/daemon/api-server/foreseen.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import type { PlannedObject } from '../../../src/api/disruption/action.ts';
import { imageText, networkText, nodeText } from '../../api/manifest/samples.ts';
import { createFakeApiServer } from '../../kube/fake.ts';
import type { LoadedDaemon } from '../../load/daemon.ts';
import { createBed, put, ready, sharing } from './bed.ts';

/** What `k8slab plan` is answered, in short. */
function brief({ kind, name, actions, later = [], waiting }: PlannedObject): string {
  const steps = [...actions, ...later].map(({ type, changes = [] }) =>
    type === 'Bind' ? `Bind(${changes.map(({ field, to }) => `${field} ${to}`).join(', ')})` : type,
  );
  return `${kind}/${name}: ${[...steps, ...(waiting === undefined ? [] : [waiting.reason])].join(' ')}`;
}

describe('a plan of a vmhost that shares a lab', () => {
  const { server, start, until } = createBed();
  let [v1, v2]: LoadedDaemon[] = [];

  async function plan(files: Record<string, string>, only = false): Promise<string[]> {
    assert.ok(v1);
    const client = createClient(join(v1.config.runtime, 'k8slab.sock'));
    const listed = Object.entries(files).map(([path, text]) => ({ path, text }));
    const { items } = (await (listed.length === 0
      ? client.get('plan')
      : client.post('plan', { files: listed, only }))) as PlanAnswer;
    return items.map(brief).filter((line) => !line.endsWith(': '));
  }

  before(async () => {
    [v1, v2] = [await start(sharing(server, 'v1')), await start(sharing(server, 'v2'))];
    put(server, networkText('k8s-net', { overlay: {} }));
    put(server, imageText('debian'));
    put(server, nodeText('a', { vmhost: 'v1', role: 'master' }));
    put(server, nodeText('e', { vmhost: 'v2' }));
    await until(
      'Ready',
      () => ready(server, 'Node', 'a') === 'True' && ready(server, 'Node', 'e') === 'True',
    );
    await until('settled', () => v1?.daemon.allReady() === true);
  });
  after(async () => {
    await v1?.stop();
    await v2?.stop();
  });

  it('is nothing where all is as it shall be, and for the same manifests again', async () => {
    assert.deepEqual(await plan({}), []);
    assert.deepEqual(await plan({ 'a.yaml': nodeText('a', { vmhost: 'v1', role: 'master' }) }), []);
  });

  it('says where a Node would go and with which address; what is done for it there, its own vmhost alone', async () => {
    const elsewhere = await plan({ 'b.yaml': nodeText('b', { role: 'master' }) });
    assert.equal(elsewhere[0], 'Node/b: Bind(vmhost v2, address in k8s-net 192.168.111.4)');
    assert.ok(!elsewhere.join().includes('DefineDomain'), elsewhere.join());

    const here = await plan({ 'b.yaml': nodeText('b', { vmhost: 'v1' }) });
    assert.match(here.join('\n'), /^Node\/b: Bind\(vmhost v1, .*\) .*DefineDomain/m);
    assert.equal(here.filter((line) => line.startsWith('Node/b')).length, 1);
    assert.equal(server.get({ kind: 'Node', name: 'b' }), undefined);
  });

  it('says of a Node that goes nowhere that it waits', async () => {
    assert.deepEqual(await plan({ 'b.yaml': nodeText('b', { vmhost: 'v9' }) }), ['Node/b: Unschedulable']);
  });

  it('takes down, with only some manifests, what this vmhost has and they lack', async () => {
    const planned = await plan({ 'n.yaml': networkText('k8s-net', { overlay: {} }) }, true);
    assert.ok(
      planned.some((line) => line.startsWith('Node/a: ')),
      planned.join('\n'),
    );
  });

  it('shows what the API server has and nobody has bound yet', async () => {
    put(server, nodeText('c', { vmhost: 'v9' }));
    await until('known', () =>
      server.calls.some(({ verb, name }) => verb === 'apply-status' && name === 'c'),
    );
    assert.deepEqual(await plan({}), ['Node/c: Unschedulable']);
    server.remove({ kind: 'Node', name: 'c' });
  });
});

it('foresees no object that is being removed', async () => {
  const server = createFakeApiServer();
  for (const name of ['stays', 'goes']) {
    put(server, imageText(name));
    await server.client('v1').setFinalizer({ kind: 'Image', name }, 'held', true);
  }
  server.remove({ kind: 'Image', name: 'goes' });
  const { snapshot } = await foresee({
    sharer: { vmhost: 'v1', allow: [], kinds: KINDS },
    clock: createFakeClock(),
    objects: (kind) => new Map(server.list(kind).map((object) => [object.metadata.name, object])),
    files: [],
    only: false,
  });
  assert.deepEqual(
    snapshot.objects.map(({ name }) => name),
    ['stays'],
  );
});

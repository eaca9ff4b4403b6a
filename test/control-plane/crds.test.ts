import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { crdManifests, rbacManifests } from '../../src/cli/crds.ts';
import { poll } from '../lab/processes.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { EXCEPTIONS } from './crds/exceptions.ts';
import { mutated, type Manifest } from './crds/mutations.ts';
import { exampleManifests, seenManifests } from './crds/seen.ts';
import { ownVerdict, serverOf, type Server } from './crds/verdicts.ts';

const MUTATIONS = Number(process.env['K8SLAB_PARITY'] ?? 1500);
const SEED = Number(process.env['K8SLAB_SEED'] ?? Date.now() % 1_000_000);
const AT_ONCE = 8;

let plane: ControlPlane;
let server: Server;

before(async () => {
  plane = await startControlPlane();
  for (const input of [crdManifests(), rbacManifests()])
    await plane.must(['apply', '--server-side', '-f', '-'], { input });
  server = serverOf(plane);
  const [node] = exampleManifests().filter(({ kind }) => kind === 'Node');
  assert.ok(node);
  const denied = { ...node, metadata: { name: 'x', annotations: { 'k8slab.io/x': 'y' } } };
  const inForce = async (): Promise<true | undefined> =>
    (await server.verdict(denied))?.includes('reserved') === true ? true : undefined;
  assert.ok(await poll(inForce, { timeoutMs: 60_000, intervalMs: 200 }), 'the policies are not in force');
});

after(async () => {
  await server.close();
  await plane.kill();
});

/** Manifests that only one of the two refuses, but for those of which it is known. */
async function disagreements(manifests: readonly Manifest[]): Promise<string[]> {
  const waiting = [...manifests];
  const found: string[] = [];
  async function work(): Promise<void> {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [own, theirs] = [ownVerdict(next), await server.verdict(next)];
      if ((own === undefined) === (theirs === undefined) || isKnown(next, theirs === undefined)) continue;
      found.push(`${JSON.stringify(next)}\n  validate: ${own ?? 'good'}\n  server: ${theirs ?? 'good'}`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

function isKnown(manifest: Manifest, serverTakesIt: boolean): boolean {
  const by = serverTakesIt ? 'validate' : 'server';
  return EXCEPTIONS.some(({ refusedBy, applies }) => refusedBy === by && applies(manifest));
}

describe('an API server with the CustomResourceDefinitions', () => {
  it('refuses what validate refuses and takes what it takes: the manifests of all tests', async () => {
    const manifests = await seenManifests();

    assert.ok(manifests.length > 1000, `only ${manifests.length} were seen`);
    assert.deepEqual(await disagreements(manifests), []);
  });

  it(`does so with ${MUTATIONS} that are nearly those of the examples (K8SLAB_SEED=${SEED})`, async () => {
    const manifests = fc.sample(mutated(exampleManifests()), { numRuns: MUTATIONS, seed: SEED });

    assert.deepEqual(await disagreements(manifests), []);
  });

  for (const { why, refusedBy, example, applies } of EXCEPTIONS) {
    it(`still differs where it is known to: ${why}`, async () => {
      const [own, theirs] = [ownVerdict(example), await server.verdict(example)];

      assert.ok(applies(example));
      assert.deepEqual(
        [own !== undefined, theirs !== undefined],
        [refusedBy === 'validate', refusedBy === 'server'],
      );
    });
  }

  for (const { what, spec, says } of messages()) {
    it(`says what is wrong and where: ${what}`, async () => {
      const manifest = { apiVersion: 'k8slab.io/v1alpha1', kind: 'Node', metadata: { name: 'a' }, ...spec };

      assert.match((await server.verdict(manifest)) ?? 'nothing', says);
    });
  }
});

function messages(): { what: string; spec: object; says: RegExp }[] {
  const node = { disk: { image: 'debian' }, networks: [{ network: 'k8s-net' }] };
  const network = (spec: object): object => ({
    kind: 'Network',
    spec: { cidr: '192.168.111.0/24', ...spec },
  });
  return [
    {
      what: 'a form',
      spec: { spec: { ...node, networks: [{ network: 'n', mac: 'x' }] } },
      says: /spec\.networks\[0\]\.mac: Invalid value: "x": must be a unicast MAC address such as 52:54:00:5e:53:fb/,
    },
    {
      what: 'an unknown field',
      spec: { spec: { ...node, colour: 'red' } },
      says: /unknown field "spec\.colour"/,
    },
    {
      what: 'a disk from two places',
      spec: { spec: { ...node, disk: { image: 'a', path: '/b' } } },
      says: /spec\.disk: .*exactly one of image, cloneOf and path/,
    },
    {
      what: 'too little memory',
      spec: { spec: { ...node, memory: '63Mi' } },
      says: /spec\.memory: .*must be at least 64Mi/,
    },
    {
      what: 'a gateway outside',
      spec: network({ gateway: '10.0.0.1' }),
      says: /spec\.gateway: .*must be an address of a host within cidr/,
    },
    {
      what: 'a network twice',
      spec: { spec: { ...node, networks: [{ network: 'n' }, { network: 'n' }] } },
      says: /spec\.networks\[1\]: Duplicate value/,
    },
  ];
}

describe('kubectl with the CustomResourceDefinitions', () => {
  it('applies the tutorial, finds it unchanged, and lists it', async () => {
    await plane.must(['apply', '-f', 'manifests/tutorial/']);
    const again = await plane.must(['apply', '-f', 'manifests/tutorial/']);
    const serverSide = await plane.must([
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      'manifests/tutorial/',
    ]);
    const diff = await plane.kubectl(['diff', '-f', 'manifests/tutorial/']);
    const listed = await plane.must(['get', 'k8slab', '-o', 'name']);
    const table = await plane.must(['get', 'kn']);
    const masters = await plane.must(['get', 'kn', '--field-selector', 'spec.role=master', '-o', 'name']);

    assert.doesNotMatch(again, /created|configured/);
    assert.match(serverSide, /node\.k8slab\.io\/master00 serverside-applied/);
    assert.deepEqual([diff.code, diff.stdout], [0, '']);
    assert.equal(listed.trim().split('\n').length, 8);
    assert.match(masters, /^(node\.k8slab\.io\/master0\d\n){3}$/);
    assert.match(table, /^NAME +ROLE +ADDRESS +VMHOST +READY +STATUS +AGE\n/);
  });

  it('shows a change by diff, and refuses an unknown field', async () => {
    const [worker] = exampleManifests().filter(
      ({ metadata }) => (metadata as { name: string }).name === 'worker00',
    );
    const changed = { ...worker, spec: { ...(worker?.['spec'] as object), cpus: 3 } };
    const diff = await plane.kubectl(['diff', '-f', '-'], { input: stringify(changed) });
    const unknown = await plane.kubectl(['apply', '-f', '-'], {
      input: stringify({ ...changed, spec: { ...changed.spec, colour: 'red' } }),
    });

    assert.match(diff.stdout, /\n\+ {2}cpus: 3\n/);
    assert.match(unknown.stderr, /unknown field "spec\.colour"/);
  });

  it('explains fields in the words of k8slab explain', async () => {
    assert.match(
      await plane.must(['explain', 'kn.spec.disk']),
      /one of image, cloneOf and path says where it comes\s+from/,
    );
    assert.match(await plane.must(['explain', 'kvh.spec.unschedulable']), /No more Nodes are placed here/);
    assert.match(await plane.must(['explain', 'knet.status.allocations']), /What Nodes were given/);
  });

  it('keeps what an adopting manifest leaves out left out, since a default would be an order', async () => {
    const stored = JSON.parse(await plane.must(['get', 'kn', 'worker00', '-o', 'json'])) as Manifest;

    assert.equal((stored['spec'] as { power?: string }).power, undefined);
    assert.equal((stored['spec'] as { hostsEntry?: boolean }).hostsEntry, true);
  });
});

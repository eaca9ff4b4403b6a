import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkSpec } from '../../src/api/network/spec.ts';
import { nodeSpec } from '../../src/api/node/spec.ts';
import { ReasonedError } from '../../src/api/errors.ts';
import { isOrphan, refName, type ObjectRef } from '../../src/api/meta.ts';
import type { Marked } from '../../src/api/ownership/orphan.ts';
import { createRemovals, type Removals } from '../../src/daemon/removals.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import { settle, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

interface Setup {
  readonly bed: Bed;
  readonly clock: FakeClock;
  readonly removals: Removals;
  readonly enqueued: string[];
  readonly counts: number[];
  readonly warnings: () => string[];
  /** What the survey finds, or how it fails. */
  marked: Marked[] | Error;
  /** Nodes whose manifests are invalid. */
  readonly invalid: string[];
  readonly surveys: () => number;
  /** The manifests are these now. */
  manifests(...names: readonly string[]): Promise<void>;
  /** They are, and one file cannot be read. */
  unread(...names: readonly string[]): Promise<void>;
  /** Names of Nodes that are being removed. */
  terminating(): string;
  held(): string;
}

function node(name: string): Marked {
  const spec = nodeSpec.parse({ disk: { path: '/x' }, networks: [{ network: 'n' }] });
  return { kind: 'Node', name, spec };
}

function setup(...names: readonly string[]): Setup {
  const bed = createBed();
  const log = createRecordingLogger();
  const enqueued: string[] = [];
  const counts: number[] = [];
  let surveys = 0;
  const removals = createRemovals({
    store: bed.store,
    clock: bed.clock,
    log,
    limit: 3,
    metrics: { setRemovalsHeld: (count) => void counts.push(count) },
    survey: () => {
      surveys += 1;
      return self.marked instanceof Error ? Promise.reject(self.marked) : Promise.resolve(self.marked);
    },
    enqueue: (kind, name) => void enqueued.push(`${kind}/${name}`),
  });
  const load = async (named: readonly string[], opaque: readonly string[] = []): Promise<void> => {
    const before = bed.store.all().map(({ kind, metadata }) => refName({ kind, name: metadata.name }));
    for (const name of named) if (!self.invalid.includes(name)) bed.apply('Node', name);
    removals.settle({ refs: new Set(named.map((name) => `Node/${name}`)), opaque }, new Set(before));
    await settle();
  };
  const self: Setup = {
    bed,
    clock: bed.clock,
    removals,
    enqueued,
    counts,
    warnings: () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    marked: names.map(node),
    invalid: [],
    surveys: () => surveys,
    manifests: (...named) => load(named),
    unread: (...named) => load(named, ['lab.yaml']),
    terminating: () =>
      bed.store
        .list('Node')
        .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
        .map(({ metadata }) => metadata.name)
        .join(),
    held: () =>
      removals
        .held()
        .map(({ name }) => name)
        .join(),
  };
  return self;
}

function refs(...names: readonly string[]): ObjectRef[] {
  return names.map((name) => ({ kind: 'Node', name }));
}

describe('E88: objects that lose their manifests', () => {
  it('are removed when they are few', async () => {
    const lab = setup();
    await lab.manifests('a', 'b', 'c');

    await lab.manifests('a', 'b');

    assert.deepEqual([lab.terminating(), lab.held()], ['c', '']);
  });

  it('are held when nothing would remain, stay in force, and say so with the Vmhost', async () => {
    const lab = setup();
    await lab.manifests('a', 'b');
    lab.enqueued.length = 0;

    await lab.manifests();

    assert.deepEqual([lab.terminating(), lab.held()], ['', 'a,b']);
    assert.deepEqual(lab.counts.at(-1), 2);
    assert.deepEqual(lab.enqueued.toSorted(), ['Node/a', 'Node/b', 'Vmhost/vmhost']);
    const [onNode] = lab.removals.notes('Node', 'a');
    assert.deepEqual([onNode?.type, onNode?.reason], ['RemovalHeld', 'NothingWouldRemain']);
    assert.match(onNode?.message ?? '', /k8slab confirm-removal node\/a/);
    assert.match(lab.removals.notes('Vmhost', 'vmhost')[0]?.message ?? '', /node\/a, node\/b/);
    assert.equal(lab.removals.blocked('Node', 'a'), undefined, 'its last manifest is in force');
  });

  it('are held when others replaced all of them', async () => {
    const lab = setup();
    await lab.manifests('a');

    await lab.manifests('x');

    assert.deepEqual([lab.terminating(), lab.held()], ['', 'a']);
  });

  it('are held when they are many, and stay held while the others come back one by one', async () => {
    const lab = setup();
    await lab.manifests('a', 'b', 'c', 'd', 'e');

    await lab.manifests('a');
    assert.equal(lab.held(), 'b,c,d,e');
    await lab.manifests('a', 'b', 'c', 'd');
    assert.deepEqual([lab.terminating(), lab.held()], ['', 'e']);
    await lab.manifests('a', 'b', 'c', 'd', 'e');

    assert.deepEqual([lab.terminating(), lab.held(), lab.removals.notes('Vmhost', 'vmhost')], ['', '', []]);
  });

  it('are removed once it is confirmed: exactly those', async () => {
    const lab = setup();
    await lab.manifests('a', 'b');
    await lab.manifests();

    lab.removals.confirm(refs('a'));

    assert.deepEqual([lab.terminating(), lab.held()], ['a', 'b']);
    await lab.manifests();
    assert.deepEqual([lab.terminating(), lab.held()], ['a', 'b']);
    assert.throws(() => lab.removals.confirm(refs('b', 'nobody')), { reason: 'NotHeld' });
    assert.equal(lab.held(), 'b');
  });

  it('C9: are held while a file cannot be read, say which one, and go on by themselves once it can', async () => {
    const lab = setup();
    await lab.manifests('a', 'b', 'c');

    await lab.unread('a', 'b');
    assert.deepEqual([lab.terminating(), lab.held(), lab.counts.at(-1)], ['', 'c', 1]);
    assert.match(lab.removals.waiting('Node', 'c')?.message ?? '', /held, since lab\.yaml may/);
    assert.match(lab.removals.notes('Node', 'c')[0]?.reason ?? '', /UnreadManifest/);
    await lab.manifests('a', 'b');

    assert.deepEqual([lab.terminating(), lab.held()], ['c', '']);
  });
});

describe('what an earlier run made', () => {
  it('is removed after the first complete list of manifests, and not before', async () => {
    const lab = setup('a', 'gone');
    await lab.unread();
    assert.deepEqual([lab.bed.store.list('Node'), lab.removals.surveyed()], [[], false]);

    await lab.manifests('a');

    assert.deepEqual([lab.terminating(), lab.removals.surveyed()], ['gone', true]);
    assert.ok(isOrphan(lab.bed.object('Node', 'gone')));
    assert.ok(!isOrphan(lab.bed.object('Node', 'a')));
  });

  it('just stays while its removal was not let go on, though nothing holds it any more', async () => {
    const lab = setup('a', 'b');
    await lab.manifests();
    const before = new Set(['Node/a', 'Node/b']);

    // Its manifest is there, and not in force yet.
    lab.removals.settle({ refs: new Set(['Node/a']), opaque: [] }, before);

    assert.deepEqual([lab.terminating(), lab.held()], ['', 'b']);
    assert.match(lab.removals.blocked('Node', 'a')?.message ?? '', /being taken in/);
    lab.removals.confirm(refs('b'));
    assert.equal(lab.removals.blocked('Node', 'b'), undefined);
  });

  it('just stays while it is held: there is no manifest to go by', async () => {
    const lab = setup('a', 'b');

    await lab.manifests();

    assert.deepEqual([lab.terminating(), lab.held()], ['', 'a,b']);
    assert.equal(lab.removals.blocked('Node', 'a')?.reason, 'RemovalHeld');
  });

  it('is removed once the manifest is gone that was invalid since the daemon started', async () => {
    const lab = setup('a', 'b');
    lab.invalid.push('b');

    await lab.manifests('a', 'b');
    const meanwhile = [lab.bed.store.get('Node', 'b'), lab.terminating(), lab.surveys()];
    await lab.manifests('a');

    assert.deepEqual(meanwhile, [undefined, '', 1]);
    assert.equal(lab.terminating(), 'b');
    lab.bed.store.remove('Node', 'b');
    lab.marked = [node('a')];
    await lab.manifests('a');
    await lab.manifests('a');
    assert.deepEqual(
      [lab.surveys(), lab.bed.store.get('Node', 'b')],
      [2, undefined],
      'it is looked for once',
    );
  });

  it('is looked for no more once the manifest is valid', async () => {
    const lab = setup('a', 'b');
    lab.invalid.push('b');
    await lab.manifests('a', 'b');

    lab.invalid.pop();
    await lab.manifests('a', 'b');
    await lab.manifests('a');

    assert.deepEqual([lab.terminating(), lab.surveys(), lab.removals.surveyed()], ['b', 1, true]);
  });

  it('is an ordinary object again when its manifest comes', async () => {
    const lab = setup('a', 'b');
    await lab.manifests();

    await lab.manifests('a', 'b');

    assert.equal(lab.held(), '');
    assert.ok(!isOrphan(lab.bed.object('Node', 'a')));
    assert.equal(lab.removals.blocked('Node', 'a'), undefined);
  });

  it('is looked for again when libvirt did not answer, and told once', async () => {
    const lab = setup();
    lab.marked = new ReasonedError('LibvirtUnreachable', 'cannot reach libvirt');
    await lab.manifests('a');
    await lab.clock.advance(5000);
    assert.equal(lab.removals.surveyed(), false);

    lab.marked = [node('a'), node('gone')];
    await lab.clock.advance(5000);

    assert.deepEqual([lab.terminating(), lab.removals.surveyed()], ['gone', true]);
    assert.deepEqual(
      lab.warnings().filter((message) => message.startsWith('cannot look')),
      ['cannot look for what an earlier run made'],
    );
  });

  it('may be a network', async () => {
    const lab = setup('a');
    const spec = networkSpec.parse({ cidr: '192.168.111.0/24' });
    lab.marked = [node('a'), { kind: 'Network', name: 'old', spec }];

    await lab.manifests('a');

    assert.ok(lab.bed.object('Network', 'old').metadata.deletionTimestamp);
  });
});

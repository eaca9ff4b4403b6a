import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import type { ManifestListing, Snapshot } from '../../src/api/manifest/snapshot.ts';
import type { Kind, KindMap } from '../../src/api/meta.ts';
import { createDirectorySource } from '../../src/daemon/directory-source.ts';
import { createManifests, type Manifests } from '../../src/daemon/manifests.ts';
import { createStore } from '../../src/engine/store.ts';
import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';
import { createFakeClock, settle, type FakeClock } from '../engine/fake-clock.ts';
import { countingMetrics } from './counting-metrics.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

type Content = string | Error;

interface Bed {
  readonly manifests: Manifests;
  /** What the directory holds now; an Error: it cannot be read. */
  files: Record<string, Content> | Error;
  /** How often the directory was listed. */
  listings(): number;
  /** `Kind/name` of what was applied to the store, since it was last asked. */
  applied(): string[];
  /** `Kind/name generation` of every object. */
  objects(): string[];
  readonly counts: { ok: number; invalid: number }[];
  readonly loads: [Snapshot, Snapshot][];
  readonly clock: FakeClock;
  /** How often it was told that the directory can be read, or cannot. */
  problems: number;
  logged(level: string): string[];
}

function createBed(list?: () => Promise<ManifestListing>): Bed {
  const clock = createFakeClock();
  const store = createStore<KindMap>({ clock });
  const applied: string[] = [];
  const apply: typeof store.apply = (kind, object) => {
    applied.push(`${kind}/${object.name}`);
    return store.apply(kind, object);
  };
  const log = createRecordingLogger();
  const counts: Bed['counts'] = [];
  const loads: Bed['loads'] = [];
  let listings = 0;
  const bed: Bed = {
    manifests: createManifests({
      store: { ...store, apply },
      log,
      metrics: countingMetrics(counts),
      // Done at once with what has no manifest.
      removals: {
        settle({ refs, opaque }) {
          if (opaque.length > 0) return;
          for (const { kind, metadata } of store.all()) {
            if (!refs.has(`${kind}/${metadata.name}`)) store.remove(kind, metadata.name);
          }
        },
      },
      onLoaded: (before, after) => void loads.push([before, after]),
      onProblem: () => void (bed.problems += 1),
      clock,
      source: createDirectorySource(
        {
          list: () => {
            listings += 1;
            return list === undefined ? listFiles(bed.files) : list();
          },
          watch: () => ({ dispose: () => Promise.resolve() }),
        },
        clock,
      ),
    }),
    files: {},
    clock,
    problems: 0,
    listings: () => listings,
    applied: () => applied.splice(0),
    objects: () => store.all().map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.generation}`),
    counts,
    loads,
    logged: (level) => log.lines.filter((line) => line.level === level).map(({ message }) => message),
  };
  return bed;
}

function listFiles(files: Bed['files']): Promise<ManifestListing> {
  if (files instanceof Error) return Promise.reject(files);
  const entries = Object.entries(files).map(([path, content]) =>
    typeof content === 'string' ? { path, text: content } : { path, error: content },
  );
  return Promise.resolve({ files: entries });
}

/** `Type: message` of each condition that the manifests give an object. */
function noted(bed: Bed, kind: Kind, name: string): string[] {
  return bed.manifests.notes({ kind, name }).map(({ type, message }) => `${type}: ${message}`);
}

const UNREADABLE = new ReasonedError('PermissionDenied', 'cannot read manifest "b.yaml": permission denied');

describe('manifests', () => {
  it('put the objects of all files into the store, and take out those that no file names any more', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': nodeText('master00') };
    await bed.manifests.load();
    assert.deepEqual(bed.objects(), ['Network/k8s-net 1', 'Node/master00 1']);

    bed.files = { 'a.yaml': networkText('k8s-net', { mtu: 1400 }) };
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 2']);
  });

  it('apply what a written file names, and nothing of the others', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': nodeText('master00') };
    await bed.manifests.load();
    bed.applied();
    bed.files = { ...bed.files, 'b.yaml': nodeText('master00', { cpus: 3 }) };
    await bed.manifests.load();

    assert.deepEqual(bed.applied(), ['Node/master00']);
  });

  it('of a directory that cannot be read change nothing, and say so once', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net') };
    await bed.manifests.load();

    bed.files = new ReasonedError('DirectoryUnavailable', 'cannot read directory "/m": no such directory');
    await bed.manifests.load();
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);
    assert.equal(bed.manifests.problem(), 'cannot read directory "/m": no such directory');
    assert.equal(bed.logged('error').length, 1);
    assert.equal(bed.loads.length, 1);
  });

  it('count as loaded only once the directory was read', async () => {
    const bed = createBed();
    bed.files = new ReasonedError('DirectoryUnavailable', 'cannot read directory "/m": no such directory');
    await bed.manifests.load();
    assert.equal(bed.manifests.loaded(), false);

    bed.files = {};
    await bed.manifests.load();

    assert.equal(bed.manifests.loaded(), true);
    assert.equal(bed.manifests.problem(), undefined);
  });

  it('E86: of a file that became bad keep its last good objects, while other files go on', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': nodeText('master00') };
    await bed.manifests.load();

    bed.files = { 'a.yaml': 'kind: [', 'b.yaml': nodeText('master00', { cpus: 2 }) };
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 1', 'Node/master00 2']);
    assert.deepEqual(bed.counts.at(-1), { ok: 1, invalid: 1 });
  });

  it('tell each error once', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': 'kind: [', 'b.yaml': UNREADABLE };
    await bed.manifests.load();
    const first = bed.logged('warn');

    await bed.manifests.load();

    assert.ok(first.length >= 2);
    assert.deepEqual(bed.logged('warn'), first);
  });

  it('remove nothing while a file may name it', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': 'kind: [' };
    await bed.manifests.load();

    bed.files = { 'b.yaml': 'kind: [' };
    await bed.manifests.load();
    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);

    bed.files = { 'b.yaml': imageText('debian') };
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Image/debian 1']);
  });

  it('remove nothing while a file was unreadable from the first listing on: it may name any object', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': UNREADABLE };
    await bed.manifests.load();

    bed.files = { 'b.yaml': UNREADABLE };
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);
    assert.deepEqual(bed.manifests.snapshot().opaque, ['b.yaml']);
    assert.deepEqual(
      bed.manifests.snapshot().errors.map(({ file, code }) => `${file} ${code}`),
      ['b.yaml UnreadableFile'],
    );
  });

  it('of a file that became unreadable keep its objects, and the others too, since it may name them now', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': nodeText('master00') };
    await bed.manifests.load();

    bed.files = { 'b.yaml': UNREADABLE };
    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 1', 'Node/master00 1']);
    assert.deepEqual(bed.counts.at(-1), { ok: 0, invalid: 1 });
  });

  it('U1: hold back the Vmhost until they were read once, and say why', async () => {
    const bed = createBed();
    const why = 'cannot read directory "/m": no such directory';
    bed.files = new ReasonedError('DirectoryUnavailable', why);
    await bed.manifests.load();

    const blocked = bed.manifests.blocked('Vmhost');
    assert.deepEqual(
      [blocked?.status, blocked?.reason, blocked?.message],
      ['Unknown', 'ManifestsUnread', why],
    );
    assert.equal(bed.manifests.blocked('Node'), undefined);
    assert.deepEqual(noted(bed, 'Vmhost', 'vmhost'), [`ManifestsUnread: ${why}`]);
    const problems = bed.problems;
    bed.files = {};
    await bed.manifests.load();

    assert.equal(bed.manifests.blocked('Vmhost'), undefined);
    assert.deepEqual(noted(bed, 'Vmhost', 'vmhost'), []);
    assert.ok(bed.problems > problems, 'the Vmhost is looked at again');
  });

  it('U2: of a directory that vanishes say so with the Vmhost, and change nothing', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net') };
    await bed.manifests.load();

    bed.files = new ReasonedError('DirectoryUnavailable', 'gone');
    await bed.manifests.load();

    assert.equal(bed.manifests.blocked('Vmhost'), undefined, 'what is known stands');
    assert.deepEqual(noted(bed, 'Vmhost', 'vmhost'), ['ManifestsUnread: gone']);
    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);
  });

  it('U2: with an error say so with the object, its file and line, and all of them with the Vmhost', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net'), 'b.yaml': nodeText('a') };
    await bed.manifests.load();
    assert.deepEqual(noted(bed, 'Network', 'k8s-net'), []);

    bed.files = {
      'a.yaml': networkText('k8s-net', { mtu: 'big' }),
      'b.yaml': nodeText('a'),
      'c.yaml': 'kind: [',
    };
    await bed.manifests.load();

    const [note = ''] = noted(bed, 'Network', 'k8s-net');
    assert.match(
      note,
      /^ManifestInvalid: a\.yaml:1:\d+: spec\.mtu: expected a number, .* the last good manifest stands$/,
    );
    assert.deepEqual(noted(bed, 'Node', 'a'), []);
    const [host = ''] = noted(bed, 'Vmhost', 'vmhost');
    assert.match(
      host,
      /^ManifestsInvalid: a\.yaml:1:.*c\.yaml:1:.*nothing is removed while this cannot be read: c\.yaml$/,
    );
  });

  it('U9: that name what no manifest has are told once, after a while', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': nodeText('a'), 'b.yaml': nodeText('b', { disk: { cloneOf: 'a' } }) };
    await bed.manifests.load();
    await bed.clock.advance(30_000);
    assert.deepEqual(bed.logged('warn'), []);

    bed.files = { ...bed.files, 'c.yaml': imageText('debian') };
    await bed.manifests.load();
    await bed.clock.advance(60_000);
    await bed.manifests.load();
    await bed.clock.advance(120_000);

    assert.deepEqual(
      bed.logged('warn'),
      Array(2).fill('a manifest names what is not there'),
      'k8s-net, twice',
    );
  });

  it('U9: that name what is on its way are given the same time each, whatever else is missing', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': nodeText('a', { disk: { cloneOf: 'b' } }), 'n.yaml': networkText('k8s-net') };
    await bed.manifests.load();
    await bed.clock.advance(59_000);
    bed.files = { ...bed.files, 'c.yaml': nodeText('c', { disk: { cloneOf: 'd' } }) };
    await bed.manifests.load();

    await bed.clock.advance(2_000);
    assert.equal(bed.logged('warn').length, 1, 'b');
    await bed.clock.advance(58_000);
    assert.equal(bed.logged('warn').length, 2, 'd as well');
  });

  it('E87: of an unchanged directory change nothing', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': networkText('k8s-net') };
    await bed.manifests.load();
    const [, snapshot] = bed.loads.at(-1) ?? [];

    await bed.manifests.load();

    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);
    assert.deepEqual(bed.manifests.snapshot(), snapshot);
  });

  it('tell who listens of the snapshot before and the one after', async () => {
    const bed = createBed();
    bed.files = { 'a.yaml': nodeText('one'), 'b.yaml': nodeText('one') };
    await bed.manifests.load();

    const [before, after] = bed.loads[0] ?? [];
    assert.deepEqual([before?.condemned.size, [...(after?.condemned.keys() ?? [])]], [0, ['Node/one']]);
  });
});

describe('loading manifests', () => {
  it('never lists twice at once, and makes one more listing for all requests during one', async () => {
    const gates: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const bed = createBed(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
      return { files: [] };
    });

    const loads = [bed.manifests.load()];
    await settle();
    loads.push(bed.manifests.load(), bed.manifests.load(), bed.manifests.load());
    gates[0]?.();
    await settle();
    gates[1]?.();
    await Promise.all(loads);

    assert.deepEqual([bed.listings(), most], [2, 1]);
  });

  it('is not over before a listing that began after the request', async () => {
    const gates: (() => void)[] = [];
    const bed = createBed(() => new Promise((resolve) => gates.push(() => resolve({ files: [] }))));
    void bed.manifests.load();
    let done = false;
    const second = bed.manifests.load().then(() => (done = true));

    gates[0]?.();
    await settle();
    assert.equal(done, false);

    gates[1]?.();
    await second;
  });

  it('R30: a bug in a load neither ends the daemon nor loses what was there; it is told once, with its stack', async () => {
    let text: unknown = networkText('k8s-net');
    const bed = createBed(() => Promise.resolve({ files: [{ path: 'a.yaml', text: text as string }] }));
    await bed.manifests.load();
    let changes = 0;
    bed.manifests.subscribe(() => (changes += 1));
    const { problems } = bed;

    text = undefined;
    await bed.manifests.load();
    await bed.manifests.load();

    assert.equal(bed.problems, problems + 1, 'the Vmhost, which tells of it, is looked at again once');

    assert.match(bed.manifests.problem() ?? '', /^cannot take in the manifests: /);
    assert.deepEqual(bed.logged('error'), ['a load of the manifests failed']);
    assert.deepEqual(bed.objects(), ['Network/k8s-net 1']);
    assert.equal(changes, 2);
    text = networkText('k8s-net');
    await bed.manifests.load();

    assert.equal(bed.manifests.problem(), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  emptySnapshot,
  namedObjects,
  nextSnapshot,
  type Snapshot,
} from '../../../src/api/manifest/snapshot.ts';
import { imageText, networkText, nodeText } from './samples.ts';

const BROKEN = 'kind: [';

/** path -> text, or why it cannot be read. */
type Listing = Readonly<Record<string, string | Error>>;

/** The snapshots after each of several listings. */
function snapshots(...listings: readonly Listing[]): readonly Snapshot[] {
  const all: Snapshot[] = [];
  for (const listing of listings) {
    const files = Object.entries(listing).map(([path, content]) =>
      typeof content === 'string' ? { path, text: content } : { path, error: content },
    );
    all.push(nextSnapshot(all.at(-1) ?? emptySnapshot, { files }));
  }
  return all;
}

function last(...listings: readonly Listing[]): Snapshot {
  return snapshots(...listings).at(-1) ?? emptySnapshot;
}

/** `Kind/name@file` of each object. */
function contents(snapshot: Snapshot): readonly string[] {
  return snapshot.objects.map(({ kind, name, source }) => `${kind}/${name}@${source.file}`);
}

/** The objects whose manifests are wrong, with the codes. */
function invalid(snapshot: Snapshot): Record<string, string[]> {
  return Object.fromEntries(
    [...snapshot.invalid].map(([ref, errors]) => [ref, errors.map(({ code }) => code)]),
  );
}

function errorCodes(snapshot: Snapshot): readonly string[] {
  return snapshot.errors.map(({ file, code }) => `${file}:${code}`);
}

describe('a snapshot', () => {
  it('holds the objects of all files', () => {
    const snapshot = last({
      'b.yaml': nodeText('x'),
      'a.yaml': `${networkText('k8s-net')}\n---\n${imageText('debian')}`,
    });

    assert.deepEqual(contents(snapshot), ['Network/k8s-net@a.yaml', 'Image/debian@a.yaml', 'Node/x@b.yaml']);
    assert.deepEqual(snapshot.opaque, []);
    assert.deepEqual(snapshot.errors, []);
  });

  it('is the one before while the files say what they said, also where one is broken', () => {
    const files = [
      { path: 'a.yaml', text: nodeText('x') },
      { path: 'b.yaml', text: BROKEN },
    ];
    const before = nextSnapshot(emptySnapshot, { files });

    assert.equal(nextSnapshot(before, { files: structuredClone(files) }), before);
    assert.notEqual(nextSnapshot(before, { files: files.slice(1) }), before);
  });

  it('E86: keeps the last good objects of a file that breaks, says what is wrong, and takes the others as they are', () => {
    const snapshot = last(
      { 'a.yaml': nodeText('x'), 'b.yaml': nodeText('y') },
      { 'a.yaml': BROKEN, 'b.yaml': nodeText('z') },
    );

    assert.deepEqual(contents(snapshot), ['Node/x@a.yaml', 'Node/z@b.yaml']);
    assert.deepEqual(errorCodes(snapshot), ['a.yaml:InvalidYaml']);
    assert.deepEqual(snapshot.opaque, ['a.yaml'], 'it may mean more than it did');
    assert.deepEqual(invalid(snapshot), { 'Node/x': ['InvalidYaml'] });
  });

  it('keeps them as long as the file stays broken, and takes the new ones once it is good', () => {
    const [, , third, fourth] = snapshots(
      { 'a.yaml': nodeText('x') },
      { 'a.yaml': BROKEN },
      { 'a.yaml': `${BROKEN} again` },
      { 'a.yaml': nodeText('y') },
    );

    assert.deepEqual(third && contents(third), ['Node/x@a.yaml']);
    assert.deepEqual(fourth && contents(fourth), ['Node/y@a.yaml']);
    assert.deepEqual(fourth?.errors, []);
  });

  it('keeps all objects of a file of which one breaks: nothing is half applied', () => {
    const snapshot = last(
      { 'a.yaml': `${nodeText('x')}\n---\n${nodeText('y')}` },
      { 'a.yaml': `${nodeText('x', { cpus: 4 })}\n---\n${BROKEN}` },
    );

    assert.deepEqual(contents(snapshot), ['Node/x@a.yaml', 'Node/y@a.yaml']);
    assert.deepEqual(
      snapshot.objects.map((object) => object.kind === 'Node' && object.spec.cpus),
      [1, 1],
    );
  });

  it('E85, E86: keeps the objects of a file that an editor has emptied and is about to write', () => {
    const snapshot = last({ 'a.yaml': nodeText('x') }, { 'a.yaml': '' });

    assert.deepEqual(contents(snapshot), ['Node/x@a.yaml']);
    assert.deepEqual(errorCodes(snapshot), ['a.yaml:EmptyFile']);
  });

  it('keeps the objects of a file that cannot be read, and says why', () => {
    const [, second, third] = snapshots(
      { 'a.yaml': nodeText('x') },
      { 'a.yaml': new Error('permission denied') },
      { 'a.yaml': nodeText('x') },
    );

    assert.deepEqual(second && contents(second), ['Node/x@a.yaml']);
    assert.equal(second?.errors[0]?.message, 'cannot read the file: permission denied');
    assert.deepEqual([second.opaque, third?.opaque], [['a.yaml'], []]);
    assert.deepEqual(third?.errors, []);
  });

  it('is opaque while a file could never be read', () => {
    const snapshot = last({ 'a.yaml': new Error('permission denied'), 'b.yaml': nodeText('y') });

    assert.deepEqual(contents(snapshot), ['Node/y@b.yaml']);
    assert.deepEqual(snapshot.opaque, ['a.yaml']);
  });

  it('lets go of the objects of a file that is gone, broken before or not, and of one that only comments are left of', () => {
    const snapshot = last(
      { 'a.yaml': nodeText('x'), 'b.yaml': nodeText('y'), 'c.yaml': nodeText('z') },
      { 'a.yaml': nodeText('x'), 'b.yaml': BROKEN, 'c.yaml': nodeText('z') },
      { 'c.yaml': '# no more' },
    );

    assert.deepEqual(contents(snapshot), []);
    assert.deepEqual(snapshot.opaque, []);
  });

  it('has the good objects of a file that was never good, and is opaque: nothing may be removed', () => {
    const [first, second, third] = snapshots(
      { 'a.yaml': `${nodeText('x')}\n---\n${BROKEN}` },
      { 'a.yaml': `${BROKEN}\n---\n${nodeText('y')}` },
      { 'a.yaml': nodeText('y') },
    );

    assert.deepEqual(first && contents(first), ['Node/x@a.yaml']);
    assert.deepEqual(
      second && contents(second),
      ['Node/y@a.yaml', 'Node/x@a.yaml'],
      'x may be what is broken now',
    );
    assert.deepEqual(third && contents(third), ['Node/y@a.yaml']);
    assert.deepEqual([first?.opaque, second?.opaque, third?.opaque], [['a.yaml'], ['a.yaml'], []]);
  });

  it('C9: of a file of another program, of whatever form, holds nothing', () => {
    const others = {
      'kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]',
      'bare-kustomization.yaml': 'resources: [a.yaml]',
      'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}',
      'values.yaml': 'image: {tag: "1"}',
      'playbook.yml': '- hosts: all\n  tasks: []',
      'text.yaml': 'hello',
    };
    for (const [path, text] of Object.entries(others)) {
      const snapshot = last({ [path]: text, 'b.yaml': nodeText('y') });

      assert.equal(errorCodes(snapshot).length, 1, path);
      assert.deepEqual([snapshot.opaque, invalid(snapshot)], [[], {}], path);
    }
  });

  it('C9: of a file that may name an object of ours, though none can be read, holds what no other names', () => {
    const texts = [
      BROKEN,
      '',
      'apiVersion: k8slab.io/v1alpha1\nkind: Nod\nmetadata: {name: x}',
      'kind: Node\nspec: {}',
      'metadata: {name: x}\nspec: {cpus: 1}',
      `|\n ${nodeText('x').replaceAll('\n', '\n ')}`,
      `- ${nodeText('x')}`,
      `nodes: ${nodeText('x')}`,
    ];
    for (const text of texts) assert.deepEqual(last({ 'a.yaml': text }).opaque, ['a.yaml'], text);
  });

  it('U2: names the objects of a file whose fields are wrong, known or new, and only these are in doubt', () => {
    const [first, second] = snapshots(
      { 'a.yaml': `${nodeText('x')}\n---\n${nodeText('y')}` },
      { 'a.yaml': `${nodeText('x', { cpus: 'many' })}\n---\n${nodeText('new', { disk: {} })}` },
    );

    assert.deepEqual(first && invalid(first), {});
    assert.deepEqual(second && invalid(second), { 'Node/x': ['WrongType'], 'Node/new': ['MissingField'] });
    assert.deepEqual(second?.opaque, []);
    assert.deepEqual(contents(second), ['Node/x@a.yaml', 'Node/y@a.yaml']);
    assert.deepEqual([...namedObjects(second)].sort(), ['Node/new', 'Node/x', 'Node/y']);
  });

  it('has what is wrong with a file once, however many objects it may be about', () => {
    const [good, bad] = [nodeText('x'), `${nodeText('y', { cpus: 'many' })}\n---\n${BROKEN}\n---\n${BROKEN}`];
    const snapshot = last({ 'a.yaml': `${good}\n---\n${nodeText('z')}` }, { 'a.yaml': bad });

    const both = ['InvalidYaml', 'InvalidYaml'];
    assert.deepEqual(invalid(snapshot), { 'Node/x': both, 'Node/z': both, 'Node/y': ['WrongType'] });
    assert.equal(snapshot.invalid.get('Node/x'), snapshot.invalid.get('Node/z'));
  });

  it('F10: keeps the objects of a file that is being written, and holds what may be in it', () => {
    const texts = { 'a.yaml': nodeText('x'), 'b.yaml': nodeText('y') };
    const first = last(texts);
    const unsettled = { path: 'a.yaml', unsettled: true } as const;

    const second = nextSnapshot(first, { files: [unsettled, { path: 'b.yaml', text: nodeText('z') }] });
    const third = nextSnapshot(second, {
      files: Object.entries(texts).map(([path, text]) => ({ path, text })),
    });

    assert.deepEqual([contents(second), second.opaque], [['Node/x@a.yaml', 'Node/z@b.yaml'], ['a.yaml']]);
    assert.deepEqual([contents(third), third.opaque], [['Node/x@a.yaml', 'Node/y@b.yaml'], []]);
    assert.deepEqual(nextSnapshot(emptySnapshot, { files: [unsettled] }).opaque, ['a.yaml']);
  });

  it('does not parse unchanged text again', () => {
    const [first, second] = snapshots(
      { 'a.yaml': nodeText('x'), 'b.yaml': BROKEN },
      { 'a.yaml': nodeText('x'), 'b.yaml': BROKEN },
    );

    assert.ok(first);
    for (const path of ['a.yaml', 'b.yaml']) assert.equal(second?.files.get(path), first.files.get(path));
  });

  it('E87: has the same hashes after a change of comments only', () => {
    const [first, second] = snapshots(
      { 'a.yaml': nodeText('x') },
      { 'a.yaml': `# a comment\n${nodeText('x')}` },
    );

    assert.equal(second?.objects[0]?.hash, first?.objects[0]?.hash);
    assert.equal(second?.objects[0]?.source.line, 2);
  });
});

describe('conflicts in a snapshot', () => {
  it('condemn the objects, which stay among the objects', () => {
    const mac = { networks: [{ network: 'n', mac: '52:54:00:00:00:01' }] };
    const snapshot = last({
      'a.yaml': nodeText('x', mac),
      'b.yaml': nodeText('y', mac),
      'c.yaml': nodeText('z'),
    });

    assert.deepEqual(contents(snapshot), ['Node/x@a.yaml', 'Node/y@b.yaml', 'Node/z@c.yaml']);
    assert.deepEqual([...snapshot.condemned.keys()], ['Node/x', 'Node/y']);
    assert.deepEqual(
      snapshot.condemned.get('Node/y')?.map(({ file, code }) => `${file}:${code}`),
      ['b.yaml:DuplicateMac'],
    );
    assert.deepEqual(errorCodes(snapshot), ['a.yaml:DuplicateMac', 'b.yaml:DuplicateMac']);
  });

  it('E89: between two files of one object leave the one that was there before', () => {
    const [first, second] = snapshots(
      { 'b.yaml': nodeText('x', { cpus: 2 }) },
      { 'a.yaml': nodeText('x', { cpus: 3 }), 'b.yaml': nodeText('x', { cpus: 2 }) },
    );

    assert.deepEqual(first && contents(first), ['Node/x@b.yaml']);
    assert.deepEqual(second && contents(second), ['Node/x@b.yaml']);
    assert.deepEqual([...(second?.condemned.keys() ?? [])], ['Node/x']);
    const files = second?.errors.map(({ file, message }) => [file, /\((.*):1\)/.exec(message)?.[1]]);
    assert.deepEqual(files, [
      ['a.yaml', 'b.yaml'],
      ['b.yaml', 'a.yaml'],
    ]);
  });

  it('leave the file that was there before, even if it changed in the same moment', () => {
    const snapshot = last(
      { 'b.yaml': nodeText('x', { cpus: 2 }) },
      { 'a.yaml': nodeText('x', { cpus: 3 }), 'b.yaml': nodeText('x', { cpus: 4 }) },
    );

    assert.deepEqual(contents(snapshot), ['Node/x@b.yaml']);
  });

  it('leave the first by file name where both are new', () => {
    assert.deepEqual(contents(last({ 'b.yaml': nodeText('x'), 'a.yaml': nodeText('x') })), ['Node/x@a.yaml']);
  });

  it('within one file leave the version that was there before, wherever it stands now', () => {
    const old = nodeText('x', { cpus: 2 });
    const snapshot = last({ 'a.yaml': old }, { 'a.yaml': `${nodeText('x', { cpus: 3 })}\n---\n${old}` });

    assert.deepEqual(
      snapshot.objects.map(({ source }) => source.line),
      [3],
    );
  });

  it('end when the other file goes', () => {
    const snapshot = last(
      { 'b.yaml': nodeText('x') },
      { 'a.yaml': nodeText('x'), 'b.yaml': nodeText('x') },
      { 'a.yaml': nodeText('x') },
    );

    assert.deepEqual(contents(snapshot), ['Node/x@a.yaml']);
    assert.equal(snapshot.condemned.size, 0);
  });
});

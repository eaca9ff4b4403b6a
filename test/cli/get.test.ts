import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { get, type GetFlags } from '../../src/cli/get.ts';
import { parseSelection } from '../../src/cli/selection.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
});
after(() => lab.close());

function run(args: readonly string[], flags: Partial<GetFlags> = {}): Promise<string> {
  return get(lab.client, args, { headers: true, ...flags });
}

describe('what is asked for', () => {
  const cases: readonly [args: string[], selected: string[]][] = [
    [[], ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer']],
    [['all'], ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer']],
    [['nodes'], ['Node']],
    [
      ['kn', 'a', 'b'],
      ['Node/a', 'Node/b'],
    ],
    [['Network,images'], ['Network', 'Image']],
    [
      ['node,net', 'a'],
      ['Node/a', 'Network/a'],
    ],
    [
      ['node/a', 'net/k8s-net'],
      ['Node/a', 'Network/k8s-net'],
    ],
    [['nodes.k8slab.io/a'], ['Node/a']],
  ];
  for (const [args, selected] of cases) {
    it(`by "${args.join(' ')}" is ${selected.join(', ')}`, () => {
      const found = parseSelection(args).map(({ resource: { kind }, name }) =>
        name === undefined ? kind : `${kind}/${name}`,
      );

      assert.deepEqual(found, selected);
    });
  }

  const wrong: readonly [args: string[], reason: string, hint: RegExp][] = [
    [['pods'], 'UnknownKind', /one of vmhosts, networks, images, nodes/],
    [['nodez'], 'UnknownKind', /did you mean "node"/],
    [['node/'], 'BadArgument', /^$/],
    [['node/a/b'], 'BadArgument', /^$/],
    [['node', 'net/a'], 'BadArgument', /^$/],
  ];
  for (const [args, reason, hint] of wrong) {
    it(`by "${args.join(' ')}" is ${reason}`, () => {
      assert.throws(
        () => parseSelection(args),
        (error: Error & { reason?: string; hint?: string }) => {
          assert.equal(error.reason, reason);
          assert.match(error.hint ?? '', hint);
          assert.match(error.message, /^cannot get "/);
          return true;
        },
      );
    });
  }
});

describe('k8slab get', () => {
  it('prints a table of one kind, with plain names', async () => {
    const [header = '', ...rows] = (await run(['nodes'])).trimEnd().split('\n');

    assert.match(header, /^NAME {3}ROLE/);
    assert.deepEqual(
      rows.map((row) => row.split(' ')[0]),
      ['a', 'b'],
    );
  });

  it('prints a table for each of several kinds that have objects, with names that say their kind', async () => {
    const blocks = (await run([])).split('\n\n');

    assert.deepEqual(
      blocks.map((block) =>
        block
          .trim()
          .split('\n')
          .slice(1)
          .map((row) => row.split(' ')[0]),
      ),
      [['vmhost/vmhost'], ['network/k8s-net'], ['image/debian'], ['node/a', 'node/b']],
    );
  });

  it('prints objects that were asked for by name in one table', async () => {
    assert.equal((await run(['node', 'b', 'a'])).trim().split('\n').length, 3);
    assert.equal((await run(['node/a', 'node/b'])).match(/NAME/g)?.length, 1);
  });

  it('prints one object as it is, and several as a List', async () => {
    const one = parse(await run(['node/a'], { output: 'yaml' })) as Record<string, unknown>;
    const list = JSON.parse(await run(['nodes'], { output: 'json' })) as Record<string, unknown> & {
      items: unknown[];
    };
    const named = JSON.parse(await run(['node', 'a', 'b'], { output: 'json' })) as typeof list;

    assert.deepEqual(one, JSON.parse(JSON.stringify(lab.bed.object('Node', 'a'))));
    assert.deepEqual([list['kind'], list['apiVersion'], list.items.length], ['List', 'v1', 2]);
    assert.equal(named.items.length, 2);
  });

  it('prints names that it takes itself', async () => {
    const names = (await run([], { output: 'name' })).trim().split('\n');

    assert.deepEqual(names, ['vmhost/vmhost', 'network/k8s-net', 'image/debian', 'node/a', 'node/b']);
    assert.equal(await run(names, { output: 'name' }), `${names.join('\n')}\n`);
  });

  it('fails for an object that is not there, unless that does not matter', async () => {
    await assert.rejects(run(['node/none']), { reason: 'NotFound', message: 'nodes "none" not found' });
    assert.equal(await run(['node/none'], { ignoreNotFound: true }), '');
    assert.equal(await run(['node/none', 'node/a'], { ignoreNotFound: true, output: 'name' }), 'node/a\n');
  });

  it('of nothing prints nothing, so that the caller can say it elsewhere', async () => {
    lab.bed.store.remove('Image', 'debian');

    assert.equal(await run(['images']), '');
    lab.bed.apply('Image', 'debian');
  });

  it('leaves out headers when they are not wanted', async () => {
    assert.doesNotMatch(await run(['nodes'], { headers: false }), /NAME/);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { get, type GetFlags } from '../../src/cli/get.ts';
import { getWatch, type WatchFlags } from '../../src/cli/get-watch.ts';
import { nodeText } from '../api/manifest/samples.ts';
import { listOf, script, thing, type Answer } from './script.ts';

const NODES = '/apis/k8slab.io/v1alpha1/nodes';
const A = thing('a', 1, {
  metadata: { labels: { zone: 'x', 'k8s.io/rack': '1' } },
  spec: { memory: '2Gi', n: 10 },
});
const B = thing('b', 2, { spec: { memory: '512Mi', n: 9 } });

function table(...objects: readonly object[]): object {
  const columns = [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Ready', type: 'string', format: '', priority: 0 },
    { name: 'Message', type: 'string', format: '', priority: 1 },
  ];
  return {
    kind: 'Table',
    metadata: { resourceVersion: '2' },
    columnDefinitions: columns,
    rows: objects.map((object) => ({
      cells: [(object as { metadata: { name: string } }).metadata.name, 'True', 'run "virsh shutdown"'],
      object,
    })),
  };
}

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-get-'));
});
after(() => rm(dir, { recursive: true, force: true }));

async function run(answer: object, flags: Partial<GetFlags>, args = ['nodes']): Promise<string> {
  return get(script({ [`GET ${NODES}`]: [answer] }).client, args, { headers: true, ...flags });
}

describe('the columns of a table', () => {
  it('have labels beside them, each of its own or all in one, and MESSAGE stays last with its spaces', async () => {
    const labels = ['zone,k8s.io/rack'];

    assert.equal(
      await run(table(A, B), { output: 'wide', labelColumns: labels, showLabels: true }),
      [
        'NAME   READY   ZONE     RACK     LABELS                 MESSAGE',
        'a      True    x        1        k8s.io/rack=1,zone=x   run "virsh shutdown"',
        'b      True    <none>   <none>   <none>                 run "virsh shutdown"',
        '',
      ].join('\n'),
    );
  });

  it('say the kind with each name when asked to', async () => {
    assert.match(await run(table(A), { showKind: true }), /^node\/a /m);
  });

  it('are coloured by what paints them, headers never', async () => {
    const paint = (padded: string, column: string): string => (column === 'READY' ? `<${padded}>` : padded);
    const { client } = script({ [`GET ${NODES}`]: [table(A)] });

    const text = await get(client, ['nodes'], { headers: true }, { paint });

    assert.equal(text, 'NAME   READY\na      <True>\n');
  });
});

describe('--sort-by', () => {
  const cases: readonly [path: string, names: string][] = [
    ['.spec.memory', 'b a'],
    ['{.spec.n}', 'b a'],
    ['metadata.name', 'a b'],
    ['.metadata.labels.zone', 'b a'],
  ];
  for (const [sortBy, names] of cases) {
    it(`${sortBy} gives ${names}, in tables and in lists`, async () => {
      const rows = (await run(table(A, B), { sortBy, headers: false })).trim().split('\n');
      const named = await run(listOf(2, A, B), { sortBy, output: 'name' });

      assert.equal(rows.map((row) => row[0]).join(' '), names);
      assert.equal(named.replaceAll('node/', '').trim().replace('\n', ' '), names);
    });
  }

  it('of a field that nothing has is refused', async () => {
    await assert.rejects(run(table(A, B), { sortBy: '.spec.none' }), { reason: 'BadArgument' });
  });

  it('asks for whole objects with a table', async () => {
    const { client, asked } = script({ [`GET ${NODES}`]: [table(A)] });
    await get(client, ['nodes'], { headers: true, sortBy: '.spec.n', selector: 'zone in (x,y)' });

    assert.deepEqual(asked, [`GET ${NODES}?labelSelector=zone+in+(x,y)&includeObject=Object`]);
  });
});

describe('-o', () => {
  it('jsonpath goes over the List, or over the one object that was named', async () => {
    const { client } = script({ [`GET ${NODES}`]: [listOf(2, A, B)], [`GET ${NODES}/a`]: [A] });
    const flags = { headers: true };

    const names = await get(client, ['nodes'], { ...flags, output: 'jsonpath={.items[*].metadata.name}' });
    const one = await get(client, ['node', 'a'], { ...flags, output: 'jsonpath={.metadata.name}' });
    const asJson = await get(client, ['node', 'a'], { ...flags, output: 'jsonpath-as-json={.spec}' });

    assert.deepEqual([names, one], ['a b', 'a']);
    assert.deepEqual(JSON.parse(asJson), [{ memory: '2Gi', n: 10 }]);
  });

  it('custom-columns prints what each path finds, and <none> for what it does not', async () => {
    const output = "custom-columns=NAME:.metadata.name,ZONE:metadata.labels.zone,ALL:.spec['memory','n']";

    assert.equal(
      await run(listOf(2, A, B), { output }),
      'NAME   ZONE     ALL\na      x        2Gi,10\nb      <none>   512Mi,9\n',
    );
    assert.equal(
      await run(listOf(2, A), { output: 'custom-columns=N:.metadata.name', headers: false }),
      'a\n',
    );
  });

  it('reads templates and columns from files', async () => {
    await writeFile(join(dir, 't'), '{range .items[*]}{.metadata.name};{end}');
    await writeFile(join(dir, 'c'), 'NAME  MEMORY\n.metadata.name .spec.memory\n');

    assert.equal(await run(listOf(2, A, B), { output: `jsonpath-file=${join(dir, 't')}` }), 'a;b;');
    assert.equal(
      await run(listOf(2, A), { output: `custom-columns-file=${join(dir, 'c')}` }),
      'NAME   MEMORY\na      2Gi\n',
    );
    await assert.rejects(run(listOf(2), { output: 'jsonpath-file=/none' }), { reason: 'CannotRead' });
  });

  const wrong: readonly [output: string, reason: string, hint: RegExp][] = [
    ['go-template={{.}}', 'BadArgument', /Go templates are not offered/],
    ['jsno', 'BadArgument', /did you mean "json"/],
    ['xml', 'BadArgument', /one of wide, yaml/],
    ['jsonpath', 'BadArgument', /write -o jsonpath=/],
    ['custom-columns=', 'BadArgument', /NAME:/],
    ['custom-columns=NAME', 'BadTemplate', /NAME:/],
  ];
  for (const [output, reason, hint] of wrong) {
    it(`${output} is ${reason}`, async () => {
      await assert.rejects(
        run(listOf(2, A), { output }),
        (error: Error & { reason?: string; hint?: string }) => {
          assert.equal(error.reason, reason);
          assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }
});

describe('what is meant', () => {
  it('by -f are the objects of the manifests', async () => {
    await writeFile(join(dir, 'a.yaml'), nodeText('a'));
    const { client } = script({ [`GET ${NODES}/a`]: [A] });

    assert.equal(
      await get(client, [], { headers: true, filename: [join(dir, 'a.yaml')], output: 'name' }),
      'node/a\n',
    );
  });

  it('is refused by a name and a selector at once, as by kubectl', async () => {
    await assert.rejects(run(listOf(2), { selector: 'a=b' }, ['node', 'a']), {
      reason: 'BadArgument',
      message: 'name cannot be provided when a selector is specified',
    });
  });
});

describe('k8slab get -w', () => {
  async function watched(
    flags: Partial<WatchFlags>,
    list: Answer,
    lines: readonly object[],
    args = ['nodes'],
  ): Promise<{ text: string; asked: string[] }> {
    const { client, asked } = script({ [`GET ${NODES}`]: [list], [`WATCH ${NODES}`]: [lines] });
    const stop = new AbortController();
    const printed: string[] = [];
    await getWatch(
      client,
      args,
      { headers: true, ...flags },
      {
        print: (text) => void printed.push(text),
        warn: (text) => assert.fail(text),
        signal: stop.signal,
        sleep() {
          stop.abort();
          return Promise.resolve();
        },
      },
    );
    return { text: printed.join(''), asked };
  }
  /** As a watch of tables tells a change: the columns were told before. */
  function change(type: string, object: object): object {
    return { type, object: { ...table(object), columnDefinitions: null } };
  }

  it('prints the table, and rows under it as wide as its own', async () => {
    const { text } = await watched({}, table(A), [change('MODIFIED', A), change('ADDED', B)]);

    assert.equal(text, 'NAME   READY\na      True\na      True\nb      True\n');
  });

  it('prints the header with the first row where there was none', async () => {
    const { text } = await watched({ watchOnly: true }, table(A), [change('ADDED', B)]);

    assert.equal(text, 'NAME   READY\nb      True\n');
  });

  it('watches one name by its field, and fails where it is not there', async () => {
    const { text, asked } = await watched({}, table(A), [change('MODIFIED', A)], ['node/a']);

    assert.equal(text.split('\n').length, 4);
    assert.match(asked[0] ?? '', /fieldSelector=metadata\.name=a$/);
    await assert.rejects(watched({}, table(), [], ['node/a']), { message: 'nodes "a" not found' });
  });

  it('prints objects one after the other in the other forms', async () => {
    const lines = [{ type: 'ADDED', object: B }];
    const forms = ['name', 'jsonpath={.metadata.name};', 'custom-columns=N:.metadata.name'];
    const texts = await Promise.all(
      forms.map(async (output) => (await watched({ output }, listOf(2, A), lines)).text),
    );
    const yaml = await watched({ output: 'yaml' }, listOf(2, A), lines);

    assert.deepEqual(texts, ['node/a\nnode/b\n', 'a;b;', 'N\na\nb\n']);
    assert.match(yaml.text, /name: a[^]*\n---\n[^]*name: b/);
  });

  it('takes one kind only', async () => {
    await assert.rejects(watched({}, table(), [], []), { reason: 'BadArgument' });
  });
});

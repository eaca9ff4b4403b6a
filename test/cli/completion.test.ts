import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createProgram } from '../../cmd/program.ts';
import type { Client } from '../../src/cli/client.ts';
import { complete, socketOf } from '../../src/cli/completion.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
  lab.bed.store.apply('Node', {
    name: 'w0',
    spec: { ...lab.bed.object('Node', 'a').spec, role: 'worker' },
    hash: 'w',
    labels: { zone: 'x' },
  });
});
after(() => lab.close());
beforeEach(() => {
  lab.held = [];
});

const nobody: Client = {
  get: () => assert.fail('asked the daemon'),
  post: () => assert.fail('asked the daemon'),
  stream: () => assert.fail('asked the daemon'),
};
const program = createProgram();
const NEVER = new Promise(() => undefined);

/** The words that are offered, and the code behind them. */
async function offered(
  words: readonly string[],
  client: Client = lab.client,
): Promise<{ words: string[]; code: string }> {
  const lines = (await complete(program, words, { client, giveUp: NEVER })).trimEnd().split('\n');
  return { words: lines.slice(0, -1).map((line) => line.split('\t')[0] ?? ''), code: lines.at(-1) ?? '' };
}

describe('what may come next', () => {
  const cases: readonly [typed: string, expected: string, code: string][] = [
    ['ge', 'get', ':4'],
    ['v', 'validate verify version', ':4'],
    ['__', '', ':4'],
    ['get im', 'images image img', ':4'],
    ['get ', 'vmhosts networks images nodes loadbalancers events', ':4'],
    ['get nodes,im', 'nodes,images nodes,image nodes,img', ':4'],
    ['get -o j', 'json jsonpath= jsonpath-as-json= jsonpath-file=', ':4'],
    ['get nodes -o jsonpath-', 'jsonpath-as-json= jsonpath-file=', ':6'],
    ['get nodes --output=y', '--output=yaml', ':4'],
    ['get nodes -oy', '-oyaml', ':4'],
    ['get nodes --w', '--watch --watch-only', ':4'],
    ['get nodes --watch --w', '--watch-only', ':4'],
    ['get --fi', '--field-selector= --filename=', ':6'],
    ['get -f ', '', ':0'],
    ['get -f x --fil', '--filename=', ':6'],
    ['plan -o ', 'json', ':4'],
    ['completion ', 'bash zsh fish', ':4'],
    ['--so', '--socket=', ':6'],
    ['get --so', '--sort-by= --socket=', ':6'],
    ['validate ', '', ':0'],
    ['validate a.yaml ', '', ':0'],
    ['adopt -d ', '', ':16'],
    ['unknown ', '', ':4'],
    ['version x', '', ':4'],
    ['version -- --c', '', ':4'],
    ['explain no', 'node nodes', ':4'],
    ['explain node.', 'node.apiVersion node.kind node.metadata. node.spec. node.status.', ':4'],
    [
      'explain kn.spec.networks.',
      'kn.spec.networks.network kn.spec.networks.address kn.spec.networks.mac kn.spec.networks.routeMetric',
      ':4',
    ],
    ['explain node.x.', '', ':4'],
    ['get kn --field-selector ', 'metadata.name= spec.role= spec.vmhost= status.vmhost=', ':6'],
    ['get images --field-selector metadata.name=a,', 'metadata.name=a,metadata.name=', ':6'],
    ['get nodes --sort-by .metadata.n', '.metadata.name', ':4'],
    ['wait node/a --for c', 'condition=Ready condition=Synced condition= create', ':4'],
    ['events --types W', 'Warning', ':4'],
  ];
  for (const [typed, expected, code] of cases) {
    it(`after "${typed}" is ${expected || 'a file, or nothing'}`, async () => {
      const found = await offered(typed.split(' '), nobody);

      assert.deepEqual([found.words.join(' '), found.code], [expected, code]);
    });
  }

  const asked: readonly [typed: string, expected: string][] = [
    ['get kn ', 'a b w0'],
    ['get -o wide nodes ', 'a b w0'],
    ['get nodes a ', 'b w0'],
    ['get nodes w', 'w0'],
    ['get node/', 'node/a node/b node/w0'],
    ['get node/a no', 'node/'],
    ['get node/a node/', 'node/b node/w0'],
    ['describe node/w', 'node/w0'],
    ['wait image/', 'image/debian'],
    ['update-packages a ', 'b w0'],
    ['update-packages --role ', 'worker'],
    ['events --for node/b', 'node/b'],
    ['get nodes -l ', 'zone='],
    ['get nodes -l zone=', 'zone=x'],
    ['get nodes -L z', 'zone'],
  ];
  for (const [typed, expected] of asked) {
    it(`after "${typed}" is ${expected}, as the daemon has it`, async () => {
      assert.equal((await offered(typed.split(' '))).words.join(' '), expected);
    });
  }

  it('after confirm-removal are the removals that are held, without those already typed, or --all', async () => {
    lab.held = [
      { kind: 'Node', name: 'a' },
      { kind: 'Network', name: 'k8s-net' },
    ];

    assert.deepEqual((await offered(['confirm-removal', ''])).words, ['node/a', 'network/k8s-net']);
    assert.deepEqual((await offered(['confirm-removal', 'node/a', ''])).words, ['network/k8s-net']);
    assert.deepEqual((await offered(['confirm-removal', '--a'], nobody)).words, ['--all']);
    assert.deepEqual((await offered(['confirm-removal', '--all', '--a'], nobody)).words, []);
  });

  it('says beside a word what it is', async () => {
    const text = await complete(program, ['get', 'knet'], { client: nobody, giveUp: NEVER });

    assert.equal(text, 'knet\tNetwork\n:4\n');
  });

  it('is nothing where the daemon fails, and where it is silent for too long', async () => {
    const failing: Client = { ...nobody, get: () => Promise.reject(new Error('gone')) };
    const silent: Client = { ...nobody, get: () => new Promise(() => undefined) };

    assert.deepEqual(await offered(['get', 'nodes', ''], failing), { words: [], code: ':4' });
    const late = complete(program, ['get', 'nodes', ''], { client: silent, giveUp: Promise.resolve() });
    assert.equal(await late, ':4\n');
  });

  it('asks the daemon that the command line names', () => {
    assert.equal(socketOf(program, ['--socket', '/s', 'get', 'nodes', '']), '/s');
    assert.equal(socketOf(program, ['get', '--socket=/s', '']), '/s');
    assert.equal(socketOf(program, ['get', '']), undefined);
  });

  it('knows what every command that there is takes: no placeholder without a completer', async () => {
    const { completers } = await import('../../src/cli/completion-values.ts');
    const { placeholder, valuePlaceholder } = await import('../../src/cli/completion-line.ts');
    // What only a person knows.
    const free = new Set(
      'URI WORDS DURATION command NAME N CIDR INTERFACE QUANTITY SECONDS CMD USER LINES'
        .split(' ')
        .concat(''),
    );
    for (const command of program.commands) {
      const names = [
        ...command.registeredArguments
          .filter((each) => each.argChoices === undefined)
          .map((each) => placeholder(each.name())),
        ...command.options
          .filter((each) => each.argChoices === undefined && !each.hidden)
          .map(valuePlaceholder),
      ];
      for (const name of names) {
        const known = completers[`${command.name()} ${name}`] ?? completers[name];
        assert.ok(known !== undefined || free.has(name), `${command.name()} ${name}`);
      }
    }
  });
});

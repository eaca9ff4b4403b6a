import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../src/cli/duration.ts';
import { wait, type WaitFlags } from '../../src/cli/wait.ts';
import { listOf, script, thing, type Answer } from './script.ts';

const LIST = 'GET /apis/k8slab.io/v1alpha1/nodes';
const WATCH = 'WATCH /apis/k8slab.io/v1alpha1/nodes';

function node(name: string, ready: string, more: { seen?: number; generation?: number } = {}): object {
  const { seen = 1, generation = 1 } = more;
  const conditions = [{ type: 'Ready', status: ready, reason: 'R', message: '', observedGeneration: seen }];
  return thing(name, 1, { metadata: { generation }, status: { address: '192.168.111.2', conditions } });
}

function change(type: string, object: object): object {
  return { type, object };
}

/** Waits; the time is over at the first sleep. */
async function waited(
  args: readonly string[],
  flags: Partial<WaitFlags>,
  answers: Record<string, readonly Answer[]>,
): Promise<{ printed: string; deadline: number | undefined }> {
  const stop = new AbortController();
  let printed = '';
  let deadline: number | undefined;
  const given = { for: 'condition=Ready', timeout: '30s', ...flags };
  await wait(script(answers).client, args, given, {
    print: (text) => void (printed += text),
    warn: () => undefined,
    deadline(ms) {
      deadline = ms;
      return stop.signal;
    },
    sleep() {
      stop.abort();
      return Promise.resolve();
    },
  });
  return { printed, deadline };
}

describe('k8slab wait', () => {
  it('says which object is so, as soon as it is', async () => {
    const answers = {
      [LIST]: [listOf(1, node('a', 'False'), node('b', 'True'))],
      [WATCH]: [[change('MODIFIED', node('a', 'Unknown')), change('MODIFIED', node('a', 'True'))]],
    };

    const { printed, deadline } = await waited(['nodes', 'a', 'b'], {}, answers);

    assert.equal(printed, 'node/b condition met\nnode/a condition met\n');
    assert.equal(deadline, 30_000);
  });

  it('ends with those that were not so in time, and has said which were', async () => {
    const answers = { [LIST]: [listOf(1, node('a', 'False'), node('b', 'False'))], [WATCH]: [[]] };

    await assert.rejects(waited(['node/a', 'node/b'], {}, answers), {
      reason: 'TimedOut',
      message:
        'timed out waiting for the condition on nodes/a\nk8slab: timed out waiting for the condition on nodes/b',
    });
  });

  it('looks once where the timeout is 0, and waits a week where it is less', async () => {
    const answers = { [LIST]: [listOf(1, node('a', 'False'))] };
    await assert.rejects(waited(['node/a'], { timeout: '0' }, answers), { reason: 'TimedOut' });

    const { deadline } = await waited(
      ['node/a'],
      { timeout: '-1s' },
      { [LIST]: [listOf(1, node('a', 'True'))] },
    );
    assert.equal(deadline, 7 * 24 * 3_600_000);
  });

  const goals: readonly [goal: string, met: boolean][] = [
    ['condition=Ready', true],
    ['condition=ready=true', true],
    ['condition=READY=False', false],
    ['condition=Synced', false],
    ['jsonpath={.status.address}', true],
    ['jsonpath={.status.address}=192.168.111.2', true],
    ["jsonpath='{.status.address}'=192.168.111.2".replaceAll("'", ''), true],
    ['jsonpath=.status.address=192.168.111.3', false],
    ['jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', true],
    ['jsonpath={.status.none}', false],
    ['create', true],
    ['delete', false],
  ];
  for (const [goal, met] of goals) {
    it(`finds that ${goal} is ${met ? '' : 'not '}so`, async () => {
      const run = waited(['node/a'], { for: goal, timeout: '0' }, { [LIST]: [listOf(1, node('a', 'True'))] });

      if (met) assert.equal((await run).printed, 'node/a condition met\n');
      else await assert.rejects(run, { reason: 'TimedOut' });
    });
  }

  it('does not take a condition that is older than the manifest', async () => {
    const old = node('a', 'True', { generation: 2, seen: 1 });

    await assert.rejects(waited(['node/a'], { timeout: '0' }, { [LIST]: [listOf(1, old)] }), {
      reason: 'TimedOut',
    });
  });

  it('waits for an object to go, which one that was never there has done', async () => {
    const answers = {
      [LIST]: [listOf(1, node('a', 'True'))],
      [WATCH]: [[change('DELETED', node('a', 'True'))]],
    };

    assert.equal((await waited(['node/a'], { for: 'delete' }, answers)).printed, 'node/a condition met\n');
    assert.equal(
      (await waited(['node/b'], { for: 'delete', output: 'name' }, { [LIST]: [listOf(1)] })).printed,
      'node/b\n',
    );
  });

  it('fails for a name that is not there, and for a selection of nothing', async () => {
    const answers = { [LIST]: [listOf(1)] };

    await assert.rejects(waited(['node/a'], {}, answers), { message: 'nodes "a" not found' });
    await assert.rejects(waited(['nodes'], { all: true }, answers), {
      message: 'no matching resources found',
    });
    assert.equal((await waited(['nodes'], { all: true, for: 'delete' }, answers)).printed, '');
  });

  it('refuses what it cannot mean', async () => {
    const answers = { [LIST]: [listOf(1, node('a', 'True'))] };
    for (const [args, flags] of [
      [[], {}],
      [['nodes'], {}],
      [['node/a'], { for: 'Ready' }],
      [['node/a'], { timeout: 'soon' }],
      [['node/a'], { selector: 'a=b' }],
    ] as const)
      await assert.rejects(waited(args, flags, answers), { reason: 'BadArgument' }, args.join(' '));
  });
});

describe('a duration', () => {
  it('is read as Go reads it', () => {
    const durations = ['0', '30s', '1m30s', '1.5h', '250ms', '-1s'].map(parseDuration);

    assert.deepEqual(durations, [0, 30_000, 90_000, 5_400_000, 250, -1000]);
    for (const text of ['', '30', 's', '1d', '1 s'])
      assert.throws(() => parseDuration(text), { reason: 'BadArgument' }, text);
  });
});

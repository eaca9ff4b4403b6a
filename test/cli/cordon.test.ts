import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { cordon, drain } from '../../src/cli/cordon.ts';
import type { Client } from '../../src/cli/client.ts';
import { ReasonedError } from '../../src/api/errors.ts';
import { Hono } from 'hono';
import { serveVmhosts } from '../../src/daemon/http/vmhosts.ts';

const DRAIN = {
  v1: { goes: ['a'], stays: [{ node: 'b', why: 'its disk is kept' }] },
  v2: { goes: ['c'], stays: [] },
};

/** The route itself, over what an API server was told. */
function bed(isShared = true): { readonly client: Client; readonly told: unknown[] } {
  const told: unknown[] = [];
  const app = new Hono();
  const set = (vmhost: string, spec: object): Promise<void> => {
    told.push([vmhost, spec]);
    return Promise.resolve();
  };
  const shared = { set, drain: (vmhost: string) => DRAIN[vmhost as keyof typeof DRAIN] };
  serveVmhosts(app, () => (isShared ? shared : undefined));
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const answer = await app.request(`/apis/k8slab.io/v1alpha1/${path}`, init);
    if (!answer.ok) throw new ReasonedError('Refused', await answer.text());
    return answer.json();
  };
  const client: Client = {
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
    stream: () => Promise.reject(new Error('no stream')),
  };
  return { client, told };
}

function terminal(answer: string): { input: PassThrough; output: PassThrough } {
  const input = new PassThrough();
  input.end(`${answer}\n`);
  return { input, output: new PassThrough() };
}

function tell(): void {
  // Nobody reads it.
}
const DRAINED = ['v1', { unschedulable: true, drain: true }];

describe('cordon, uncordon and drain', () => {
  it('say whether Nodes are placed on a vmhost, and end a drain', async () => {
    const { client, told } = bed();

    assert.equal(await cordon(client, 'v1', true), 'vmhost/v1 cordoned\n');
    assert.equal(await cordon(client, 'v1', false), 'vmhost/v1 uncordoned\n');
    assert.deepEqual(told, [
      ['v1', { unschedulable: true, drain: false }],
      ['v1', { unschedulable: false, drain: false }],
    ]);
  });

  it('drains after a yes to what is lost', async () => {
    const { client, told } = bed();
    const at = terminal('y');

    const text = await drain(client, 'v1', { terminal: at, tell });

    assert.equal(text, 'vmhost/v1 is being drained: 1 go, 1 stay\n');
    const shown = String(at.output.read());
    assert.match(shown, /a +goes: made anew elsewhere, and all that is on its disks is lost\nb +stays: .*\n/);
    assert.match(shown, /Lose the disks of one Node\? \[y\/N\]/);
    assert.doesNotMatch(shown, /^c /m);
    assert.deepEqual(told, [DRAINED]);
  });

  it('drains nothing without a yes, or where nobody can be asked, but with --yes', async () => {
    const { client, told } = bed();
    let shown = '';
    const loud = (table: string): void => void (shown += table);

    await assert.rejects(drain(client, 'v1', { terminal: terminal(''), tell }), { reason: 'NotConfirmed' });
    await assert.rejects(drain(client, 'v1', { tell: loud }), { reason: 'NotConfirmed' });
    assert.deepEqual(told, []);
    assert.match(shown, /^NODE +WHAT BECOMES OF IT\na /);
    await drain(client, 'v1', { yes: true, tell });
    assert.deepEqual(told, [DRAINED]);
  });

  it('are refused where vmhosts share no lab', async () => {
    const { client } = bed(false);

    await assert.rejects(cordon(client, 'v1', true), { reason: 'Refused' });
    await assert.rejects(drain(client, 'v1', { yes: true, tell }), { reason: 'Refused' });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createExchange } from '../../../src/drivers/virsh/exchange.ts';
import type { Exchange } from '../../../src/drivers/virsh/exchange.ts';
import { frame } from '../../../src/drivers/virsh/frame.ts';

function exchange(options: { probeMs?: number; write?: (text: string) => void } = {}): Exchange {
  const { probeMs = 1e6, write = () => undefined } = options;
  const argv = ['dumpxml', 'a'];
  return createExchange({
    argv,
    frame: frame(argv, 'mark1'),
    maxOutput: 1000,
    deadlineMs: 30_000,
    probeMs,
    write,
  });
}

/** Says it one byte at a time. */
function trickle(to: Exchange, stream: 'stdout' | 'stderr', text: string): void {
  for (const byte of Buffer.from(text)) to.hear(stream, Buffer.from([byte]));
}

describe('an exchange', () => {
  it('ends by marks that arrive in pieces, characters cut in two', async () => {
    const call = exchange();

    trickle(call, 'stdout', 'virsh # …\nmark1b動作中\nmark1e');
    trickle(call, 'stderr', 'error: 動作中\nerror: mark1e\n');

    assert.deepEqual(await call.reply, { stdout: '動作中\n', stderr: 'error: 動作中\n' });
  });

  it('waits for both streams, whichever is first', async () => {
    const call = exchange();
    let over = false;
    void call.reply.then(() => (over = true));

    call.hear('stdout', Buffer.from('mark1bmark1e'));
    await new Promise(setImmediate);
    assert.equal(over, false);
    call.hear('stderr', Buffer.from('error: too late?\nerror: mark1e\n'));

    assert.deepEqual(await call.reply, { stdout: '', stderr: 'error: too late?\n' });
  });

  it('once it has sent the probe, waits for the answer to that, lest it come in the next call', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sent: string[] = [];
    const call = exchange({ probeMs: 500, write: (text) => sent.push(text) });
    let over = false;
    void call.reply.then(() => (over = true));
    call.hear('stdout', Buffer.from('mark1bslow'));

    t.mock.timers.tick(499);
    assert.equal(sent.length, 0);
    t.mock.timers.tick(1);
    call.hear('stdout', Buffer.from('mark1e'));
    call.hear('stderr', Buffer.from('error: mark1e\n'));
    await new Promise(setImmediate);
    assert.deepEqual([sent.length, over], [1, false]);
    call.hear('stdout', Buffer.from('mark1p'));
    call.hear('stderr', Buffer.from('error: mark1p\n'));

    assert.deepEqual(await call.reply, { stdout: 'slow', stderr: '' });
  });
});

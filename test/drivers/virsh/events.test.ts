import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChildHandle, ProcessEnd } from '../../../src/drivers/exec.ts';
import { parseEvent, superviseEvents } from '../../../src/drivers/virsh/events.ts';
import type { LibvirtEvent } from '../../../src/drivers/virsh/events.ts';
import { until } from './support.ts';

interface FakeChild extends ChildHandle {
  say: (text: string | Uint8Array) => void;
  end: () => void;
  killed: boolean;
}

function fakeChild(): FakeChild {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  const listeners: ((chunk: Buffer) => void)[] = [];
  function end(): void {
    resolve({ code: 1, signal: undefined, error: undefined });
  }
  const child: FakeChild = {
    pid: 1,
    killed: false,
    write: () => undefined,
    endInput: () => undefined,
    onStdout: (listener) => void listeners.push(listener),
    onStderr: () => undefined,
    ended: promise,
    kill: () => {
      child.killed = true;
      end();
    },
    say: (text) => {
      for (const listener of listeners) listener(Buffer.from(text));
    },
    end,
  };
  return child;
}

/** Timers of what is tested keep no test alive by themselves here: the loop of `until` does. */
function listen(options: { settleMs: number; firstMs?: number }): {
  children: FakeChild[];
  events: LibvirtEvent[];
  latest: () => FakeChild;
  dispose: () => Promise<void>;
} {
  const children: FakeChild[] = [];
  const events: LibvirtEvent[] = [];
  const supervised = superviseEvents({
    start: () => {
      const child = fakeChild();
      children.push(child);
      return child;
    },
    onEvent: (event) => events.push(event),
    settleMs: options.settleMs,
    backoff: { firstMs: options.firstMs ?? 1, maxMs: 4 },
  });
  function latest(): FakeChild {
    const child = children.at(-1);
    assert.ok(child !== undefined);
    return child;
  }
  return { children, events, latest, dispose: () => supervised.dispose() };
}

const STAMP = '2023-11-23 05:40:00.123+0000: ';
const NEVER = 1e6;

describe('events', () => {
  it('are read with the name the domain has', () => {
    const cases: [string, LibvirtEvent | undefined][] = [
      ["event 'lifecycle' for domain 'a b': Started Booted", event('a b', 'lifecycle', 'Started Booted')],
      [
        "event 'lifecycle' for domain 'it': x': Stopped Destroyed",
        event("it': x", 'lifecycle', 'Stopped Destroyed'),
      ],
      ["event 'reboot' for domain '動作中'", event('動作中', 'reboot', '')],
      ["event 'job-completed' for domain 'a':", event('a', 'job-completed', '')],
      [
        "event 'block-job' for domain 'a': Backup for /x/it's.qcow2 completed",
        event('a', 'block-job', "Backup for /x/it's.qcow2 completed"),
      ],
      [
        "event 'lifecycle' for network k8s-net: Stopped",
        { kind: 'network', name: 'k8s-net', event: 'lifecycle', detail: 'Stopped' },
      ],
      ['events received: 3', undefined],
      ['	operation: 9', undefined],
      ['', undefined],
    ];
    for (const [line, expected] of cases) assert.deepEqual(parseEvent(STAMP + line), expected, line);
  });

  it('are no lines that are longer than any name, which would take seconds to tell apart', () => {
    const started = process.threadCpuUsage().user;

    const found = parseEvent(`${"event 'lifecycle' for domain '".repeat(8000)} x`);

    assert.equal(found, undefined);
    assert.ok(process.threadCpuUsage().user - started < 1_000_000);
  });

  it('arrive whole however the stream is cut', async () => {
    const { events, latest, dispose } = listen({ settleMs: NEVER });
    const bytes = Buffer.from(`${STAMP}event 'lifecycle' for domain '動': Started Booted\n`.repeat(2));

    for (const byte of bytes) latest().say(Uint8Array.of(byte));

    assert.deepEqual(events, [
      event('動', 'lifecycle', 'Started Booted'),
      event('動', 'lifecycle', 'Started Booted'),
    ]);
    await dispose();
  });

  it('E92: are said to be lost once listening, and again after every gap', async () => {
    const { children, events, latest, dispose } = listen({ settleMs: 1 });

    const lost = (): number => events.filter(({ kind }) => kind === 'lost').length;
    for (const round of [1, 2, 3]) {
      await until(() => lost() === round);
      assert.equal(children.length, round);
      latest().end();
    }
    await until(() => events.length === 6);

    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['lost', 'ended', 'lost', 'ended', 'lost', 'ended'],
      'U11: that the connection ended is told at once',
    );
    await dispose();
  });

  it('are not said to be lost before anybody listens again', async () => {
    const { children, events, latest, dispose } = listen({ settleMs: NEVER });

    for (const round of [1, 2, 3, 4]) {
      await until(() => children.length === round);
      latest().end();
    }

    assert.deepEqual(events, []);
    await dispose();
  });

  it('end with dispose, which starts nothing anew', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { children, events, latest, dispose } = listen({ settleMs: 1 });

    await dispose();
    latest().say(`${STAMP}event 'lifecycle' for domain 'a': Started Booted\n`);
    t.mock.timers.tick(60_000);

    assert.equal(latest().killed, true);
    assert.equal(children.length, 1);
    assert.deepEqual(events, []);
  });
});

function event(name: string, kind: string, detail: string): LibvirtEvent {
  return { kind: 'domain', name, event: kind, detail };
}

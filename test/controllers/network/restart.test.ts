import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toError } from '../../../src/api/errors.ts';
import { restartNetwork, RESTART_MS, type RestartDeps } from '../../../src/controllers/network/restart.ts';
import type { Neighbour } from '../../../src/drivers/bridges.ts';
import { STOP_MS } from '../../../src/engine/controller.ts';
import { createFakeClock, type FakeClock } from '../../engine/fake-clock.ts';

const ACTION: Parameters<typeof restartNetwork>[2] = {
  type: 'RestartNetwork',
  disruption: 'uplink',
  reason: 'mtu',
  attachment: { bridge: 'virbr2', ports: ['vnet0'], stp: true, parking: 'k8sp-1' },
  before: 'virbr1',
  signature: 's',
  reboot: ['a', 'b'],
};

const REBOOTS = ['reboot a', 'reboot b'];

interface Restarted {
  readonly calls: string[];
  readonly failure?: Error & { readonly reason?: string };
  /** Of the clock. */
  readonly ms: number;
}

function knownOn(bridge: string): Neighbour[] {
  return [{ address: `on ${bridge}`, mac: '52:54:00:00:00:01' }];
}

type Act = (call: string, signal: AbortSignal | undefined, clock: FakeClock) => Promise<void>;

/** Restarts, and notes all that is called, in order; `act` is what comes of each call. */
async function run(act: Act, action: Partial<typeof ACTION> = {}): Promise<Restarted> {
  const calls: string[] = [];
  const clock = createFakeClock();
  const call =
    (name: string) =>
    (about: string | { readonly bridge: string }, options?: unknown): Promise<never> => {
      calls.push(`${name} ${typeof about === 'string' ? about : about.bridge}`);
      const { signal } = (options ?? {}) as { signal?: AbortSignal };
      return act(calls.at(-1) ?? '', signal, clock) as Promise<never>;
    };
  const deps: RestartDeps = {
    libvirt: {
      destroyNetwork: call('destroy'),
      startNetwork: call('start'),
      defineNetwork: call('define'),
      rebootDomain: call('reboot'),
    } as Partial<RestartDeps['libvirt']> as RestartDeps['libvirt'],
    dnsmasq: { writeHostFiles: call('write') } as Partial<RestartDeps['dnsmasq']> as RestartDeps['dnsmasq'],
    bridges: {
      neighbours: (bridge: string) => Promise.resolve(knownOn(bridge)),
      park: call('park'),
      attach: (attachment, known) => {
        assert.deepEqual(known, knownOn(ACTION.before), 'whom it knew on the bridge from before');
        return call('attach')(attachment);
      },
    } as Partial<RestartDeps['bridges']> as RestartDeps['bridges'],
    clock,
  };
  let ended: Restarted | undefined;
  restartNetwork(deps, 'k8s-net', { ...ACTION, ...action }).then(
    () => (ended = { calls, ms: clock.monotonic() }),
    (thrown: unknown) => (ended = { calls, failure: toError(thrown), ms: clock.monotonic() }),
  );
  for (let ms = 0; ended === undefined && ms < 300_000; ms += 1000) await clock.advance(1000);
  assert.equal(clock.pendingTimers(), 0);
  return ended ?? assert.fail('does not end');
}

/** Restarts where some steps fail. */
function restart(...broken: readonly string[]): Promise<Restarted> {
  return run((call) => {
    const [name = ''] = call.split(' ');
    return broken.includes(name) || broken.includes(call)
      ? Promise.reject(new Error(`${name} failed`))
      : Promise.resolve();
  });
}

/** Restarts with a libvirt that does not answer some calls, be they aborted or not. */
function hanging(hung: (call: string) => boolean, aborted: string[] = []): Promise<Restarted> {
  return run(
    (call, signal) => {
      if (!hung(call)) return Promise.resolve();
      signal?.addEventListener('abort', () => aborted.push(call));
      return new Promise(() => undefined);
    },
    { rollback: '<network/>' },
  );
}

describe('a restart of a network', () => {
  it('parks its guests, and plugs them in again before any of them reboots', async () => {
    assert.deepEqual((await restart()).calls, [
      'park k8sp-1',
      'destroy k8s-net',
      'write k8s-net',
      'start k8s-net',
      'attach virbr2',
      ...REBOOTS,
    ]);
  });

  it('R14: gives guests their gateway back where the network cannot be stopped', async () => {
    const { calls, failure } = await restart('destroy');

    assert.deepEqual(calls, ['park k8sp-1', 'destroy k8s-net', 'attach virbr1']);
    assert.equal(failure?.message, 'destroy failed');
  });

  it('reboots every guest, also where one of them went off meanwhile, and tells of it then', async () => {
    const { calls, failure } = await restart('reboot a');

    assert.deepEqual(calls.slice(-2), REBOOTS);
    assert.equal(failure?.message, 'reboot failed');
  });

  it('R14: starts the network though its files cannot be written, and tells it then', async () => {
    const { calls, failure } = await restart('write');

    assert.deepEqual(calls.slice(2), ['write k8s-net', 'start k8s-net', 'attach virbr2', ...REBOOTS]);
    assert.equal(failure?.message, 'write failed');
  });

  it('E32: comes back as it was where it does not start', async () => {
    const { failure } = await restart('start');

    assert.match(failure?.message ?? '', /cannot restart network "k8s-net": start failed/);
  });
});

describe('a restart of a network that libvirt does not answer', () => {
  const PARKED = ['park k8sp-1', 'destroy k8s-net'];
  const STARTED = [...PARKED, 'write k8s-net', 'start k8s-net'];
  const RESTORED = [...STARTED, 'define <network/>'];
  const cases: readonly (readonly [string, string, readonly string[], string])[] = [
    ['the stop', 'destroy', [...PARKED, 'attach virbr1'], 'DeadlineExceeded'],
    ['the start, and what comes back', 'start', [...RESTORED, 'start k8s-net'], 'RestartFailed'],
    ['a reboot', 'reboot', [...STARTED, 'attach virbr2', ...REBOOTS], 'DeadlineExceeded'],
  ];

  for (const [what, name, calls, reason] of cases) {
    it(`R14, R16: ends before a stop of the daemon stops waiting for it: ${what}`, async () => {
      const aborted: string[] = [];

      const ended = await hanging((call) => call.startsWith(name), aborted);

      assert.ok(ended.ms < STOP_MS.hold, `${ended.ms} ms`);
      assert.deepEqual([ended.calls, ended.failure?.reason], [calls, reason]);
      assert.deepEqual(
        aborted,
        ended.calls.filter((call) => call.startsWith(name)),
        'nothing goes on behind it',
      );
    });
  }

  it('R14: plugs its guests in where it was when it does not start in time, but its old definition does', async () => {
    let starts = 0;

    const { calls, failure, ms } = await hanging((call) => call.startsWith('start') && (starts += 1) === 1);

    assert.deepEqual(calls, [...RESTORED, 'start k8s-net', 'attach virbr1']);
    assert.equal(failure?.reason, 'RestartFailed');
    assert.ok(ms <= RESTART_MS.restored);
  });

  it('R14: is not begun when parking the guests took its time: they keep their gateway', async () => {
    const { calls, failure } = await run((call, _signal, clock) =>
      call.startsWith('park') ? clock.sleep(RESTART_MS.stopped) : Promise.resolve(),
    );

    assert.deepEqual(calls, ['park k8sp-1', 'attach virbr1']);
    assert.equal(failure?.reason, 'DeadlineExceeded');
  });

  it('R14: reboots the other guests though one does not answer', async () => {
    const { calls } = await hanging((call) => call === 'reboot a');

    assert.deepEqual(calls.slice(-2), REBOOTS);
  });
});

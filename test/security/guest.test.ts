import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainError, ReasonedError } from '../../src/api/errors.ts';
import { parseHaproxyLook } from '../../src/api/load-balancer/haproxy-look.ts';
import { updatePackages } from '../../src/cli/update-packages.ts';
import type { WatchingClient } from '../../src/cli/client.ts';
import { parseLeases } from '../../src/drivers/dnsmasq/leases.ts';
import { createEvents } from '../../src/engine/events.ts';
import { boot, createLab, withNode, type Bed } from '../controllers/bed.ts';
import { createFakeClock } from '../engine/fake-clock.ts';

/** Clears a screen, names a window, moves to the next line, turns the direction of text around, in eight bits too. */
const HOSTILE = '\u001b[2J\u001b]0;mine\u0007\r\nReady $(reboot) `reboot` \u202eevil\u009b31m\u0000';
/** What a terminal would obey. */
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const LIMIT = 33_000;

/** All that the API serves of a lab's objects. */
function served(bed: Bed): string[] {
  const strings: string[] = [];
  JSON.stringify(bed.store.all(), (_, value: unknown) => {
    if (typeof value === 'string') strings.push(value);
    return value;
  });
  return strings;
}

function assertPlain(bed: Bed): void {
  for (const text of served(bed)) {
    assert.doesNotMatch(text, OBEYED);
    assert.ok(text.length < LIMIT, `${text.length} characters`);
  }
}

/** An HAProxy that runs and says this of itself. */
function look(uptime: string, row: string): ReturnType<typeof parseHaproxyLook> {
  return parseHaproxyLook(
    `version=HA-Proxy version 2.6.12\nActiveState=active\nports=:192B x:-1 ${HOSTILE}\n\n` +
      `Version: ${HOSTILE}\nUptime_sec: ${uptime}\n# pxname,svname,scur,stot,status,addr\n${row}\n`,
  );
}

describe('a guest that means no good', () => {
  it('puts nothing that a terminal obeys into a condition by what cloud-init says, nor more than fits', async () => {
    for (const text of [HOSTILE, 'x'.repeat(1_000_000)]) {
      for (const [code, v1] of [
        [0, { errors: [text, { [text]: text }] }],
        [3, { stage: text }],
      ] as const) {
        const bed = withNode();
        await bed.converge();
        boot(bed, 'a');
        const { address = '' } = bed.object('Node', 'a').status;
        bed.world.guests.set(address, { code, stdout: JSON.stringify({ v1 }), stderr: text });
        await bed.converge();

        assert.equal(bed.condition(['Node', 'a'], 'CloudInitDone')?.status, 'False');
        assertPlain(bed);
      }
    }
  });

  it('puts nothing of that into an event or an error message, whatever its ssh server says', () => {
    const clock = createFakeClock();
    const events = createEvents({ clock });
    const object = { kind: 'Node', apiVersion: 'v1', metadata: { name: 'a', uid: 'u' } } as const;
    events.record(object as never, 'Warning', 'Unreachable', HOSTILE.repeat(1000));

    const told = events.list().map(({ message }) => message);
    assert.equal(told.length, 1);
    for (const text of [...told, explainError(new ReasonedError('Unreachable', HOSTILE, { hint: HOSTILE }))])
      assert.doesNotMatch(text, OBEYED);
  });

  it('keeps no LoadBalancer from being looked at by what its HAProxy says, and shows no escape sequence', async () => {
    for (const uptime of ['', 'soon', '-1', '1e300', '9'.repeat(400), HOSTILE]) {
      const bed = await createLab('lb', 'm1');
      bed.apply('Node', 'm1', { role: 'master' });
      await bed.converge();
      const { address = '' } = bed.object('Node', 'lb').status;
      const { haproxy, stats } = look(
        uptime,
        `main,m1.k8s-thw.local,1e999,NaN,${HOSTILE.split('\n').join('')},x`,
      );
      bed.world.haproxies.set(address, {
        observed: haproxy,
        text: '',
        ...(stats === undefined ? {} : { stats }),
      });
      bed.apply('LoadBalancer', 'api');
      await bed.converge();

      const status = JSON.parse(JSON.stringify(bed.object('LoadBalancer', 'api').status)) as {
        sessions: number;
        servers: { sessions: number }[];
      };
      assert.equal(bed.condition(['LoadBalancer', 'api'], 'Synced')?.status, 'True', uptime);
      assert.deepEqual([status.sessions, status.servers[0]?.sessions], [0, 0]);
      assertPlain(bed);
    }
  });

  it('gets the name that it asks for into no file and no object', async () => {
    const bed = await createLab('a', 'b');
    const name = `${HOSTILE}${'x'.repeat(10_000)}`;
    bed.world.leases.forEach((lease) => Object.assign(lease, { hostname: name, clientId: name }));
    bed.world.leases.push({ mac: '52:54:00:00:00:99', ip: '192.168.111.200', expiry: 0, hostname: name });
    await bed.converge();

    const files = [...bed.world.files.values(), JSON.stringify([...bed.world.hostFiles])];
    for (const text of [...served(bed), ...files]) assert.doesNotMatch(text, /reboot|xxxx/);
    assert.deepEqual(
      ['a', 'b'].map((node) => bed.ready('Node', node)),
      ['True Ready', 'True Ready'],
    );
  });

  it('makes no lease of what is none', () => {
    const lease = { 'mac-address': '52:54:00:00:00:01', 'ip-address': '192.168.111.9', 'expiry-time': 7 };
    const entries = [
      null,
      1,
      'x',
      [],
      {},
      { ...lease, 'mac-address': 7 },
      { ...lease, 'ip-address': {} },
      lease,
    ];

    assert.deepEqual(parseLeases(JSON.stringify(entries)), [
      { mac: '52:54:00:00:00:01', ip: '192.168.111.9', expiry: 7 },
    ]);
    for (const text of ['[', '{}', '"x"', '[1', '\u0000', `[${'['.repeat(100_000)}`])
      assert.equal(parseLeases(text), undefined);
  });

  it('prints nothing that a terminal obeys while its packages are updated', async () => {
    const events = [
      { type: 'line', node: 'a', line: HOSTILE },
      { type: 'failed', node: 'a', message: HOSTILE },
      { type: 'finished', updated: [], failed: 'a', left: [] },
    ];
    const stream = (_path: string, _body: unknown, onLine: (line: string) => void): Promise<void> => {
      for (const event of events) onLine(JSON.stringify(event));
      return Promise.resolve();
    };
    const printed: string[] = [];

    await updatePackages({ stream } as unknown as WatchingClient, {}, (line) => printed.push(line));

    assert.equal(printed.length, events.length);
    for (const line of printed) assert.doesNotMatch(line, OBEYED);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHaproxyLook } from '../../../src/api/load-balancer/haproxy-look.ts';
import { lastReload } from '../../../src/api/load-balancer/status.ts';

const HEADER = '# pxname,svname,scur,stot,status,addr';

function look(...lines: readonly string[]): ReturnType<typeof parseHaproxyLook> {
  return parseHaproxyLook(['ports=:192B :zz :', '', ...lines].join('\n'));
}

describe('what a guest says of its HAProxy', () => {
  it('is read by the names of the columns', () => {
    const { stats } = look(
      'Uptime_sec: 725',
      HEADER,
      'main,FRONTEND,2,17,OPEN,',
      'm,a,1,9,UP,192.168.111.150:6443',
    );

    assert.deepEqual(stats, {
      uptimeSeconds: 725,
      sessions: 2,
      servers: [
        { backend: 'm', server: 'a', state: 'UP', address: '192.168.111.150', sessions: 1, sessionsTotal: 9 },
      ],
    });
  });

  it('is no number where there is none', () => {
    const { haproxy, stats } = look(HEADER, 'main,FRONTEND,x,y,OPEN,', 'm,a,1e999,-1,UP,', 'm,b');

    assert.deepEqual(haproxy.ports, [0x192b]);
    assert.equal(stats?.sessions, 0);
    const servers = stats.servers.map(({ state, ...each }) => [state, each.sessions, each.sessionsTotal]);
    assert.deepEqual(servers, [
      ['UP', 0, 0],
      ['Unknown', 0, 0],
    ]);
  });

  it('has a version of the length of one, whatever the guest says', () => {
    const long = parseHaproxyLook(`version=2.${'9'.repeat(10_000)}`).haproxy.version ?? '';

    assert.equal(parseHaproxyLook('version=HAProxy version 2.6.12-1 2023').haproxy.version, '2.6.12');
    assert.ok(long.length <= 200, `${long.length} characters`);
  });

  for (const uptime of ['soon', '1e9', '-5', '99999999999999999999'])
    it(`has no last reload where the uptime is ${uptime}`, () => {
      const { stats } = look(`Uptime_sec: ${uptime}`, HEADER);

      assert.deepEqual(lastReload(stats, undefined, Date.UTC(2026, 0, 1)), {});
    });

  it('is read soon, however many columns and rows it has', () => {
    const started = process.threadCpuUsage().user;

    look(HEADER + ','.repeat(500_000), ',\n'.repeat(200_000));

    assert.ok(process.threadCpuUsage().user - started < 5_000_000);
  });
});

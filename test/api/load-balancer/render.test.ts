import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import { renderHaproxy, type HaproxyInput, type Server } from '../../../src/api/load-balancer/render.ts';
import { lbSpec, MAIN } from './bed.ts';

const dir = mkdtempSync(join(tmpdir(), 'haproxy-'));
after(() => rmSync(dir, { recursive: true }));

/** What the real HAProxy says to a configuration; empty: it accepts it without a word of warning. */
function haproxySays(text: string): string {
  const path = join(dir, 'haproxy.cfg');
  writeFileSync(path, text);
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const { status, stdout, stderr, error } = spawnSync('haproxy', ['-c', '-f', path], {
    encoding: 'utf8',
    env,
  });
  if (error !== undefined) throw error;
  const words = `${stdout}${stderr}`.replace('Configuration file is valid', '').trim();
  assert.equal(status, 0, `${words}\n${text}`);
  return words;
}

function server(name: string, address: string, more: Partial<Server> = {}): Server {
  return { node: name, name: `${name}.k8s-thw.local`, address, port: 6443, enabled: true, ...more };
}

const MASTERS = [
  server('master00', '192.168.111.150'),
  server('master01', '192.168.111.135'),
  server('master02', '192.168.111.147'),
];

/** The tutorial's haproxy.cfg with the masters' own addresses, addresses of listeners on lines of their own. */
const TUTORIAL = `# LoadBalancer "api", written by k8slab: what is changed here by hand is undone.

global
    log         127.0.0.1 local2
    chroot      /var/lib/haproxy
    pidfile     /var/run/haproxy.pid
    maxconn     4000
    user        haproxy
    group       haproxy
    daemon
    stats socket /var/lib/haproxy/stats mode 600 level user

defaults
    log                     global
    option                  httplog
    option                  dontlognull
    option                  http-server-close
    option                  redispatch
    retries                 3
    timeout http-request    10s
    timeout queue           60s
    timeout connect         10s
    timeout client          60s
    timeout server          60s
    timeout http-keep-alive 10s
    timeout check           10s
    maxconn                 3000

listen stats
    bind *:9000
    mode http
    stats enable
    stats realm Haproxy\\ Statistics
    stats uri /haproxy_stats
    stats auth admin:password
    stats refresh 30s

frontend main
    bind *:6443
    mode tcp
    option tcplog
    default_backend mgmt6443

backend mgmt6443
    mode tcp
    balance source
    server master00.k8s-thw.local 192.168.111.150:6443 check
    server master01.k8s-thw.local 192.168.111.135:6443 check
    server master02.k8s-thw.local 192.168.111.147:6443 check
`;

describe('haproxy.cfg', () => {
  it("E71: of manifests/tutorial is the tutorial's, with mode tcp on both sides", () => {
    const path = join(import.meta.dirname, '../../../manifests/tutorial/haproxy.yaml');
    const [object] = parseManifest(path, readFileSync(path, 'utf8')).objects;
    assert.ok(object?.kind === 'LoadBalancer');

    const text = renderHaproxy({
      name: object.name,
      spec: object.spec,
      servers: [MASTERS],
      password: 'password',
    });

    assert.equal(text, TUTORIAL);
    assert.equal(haproxySays(text), '');
  });

  it('E74: is valid without any server, and with servers that are off', () => {
    const without = renderHaproxy({ name: 'api', spec: lbSpec(), servers: [[]] });
    const off = renderHaproxy({
      name: 'api',
      spec: lbSpec(),
      servers: [MASTERS.map((each) => ({ ...each, enabled: false }))],
    });

    assert.equal(haproxySays(without), '');
    assert.match(without, /frontend main\n {4}bind \*:6443/);
    assert.equal(haproxySays(off), '');
    assert.equal([...off.matchAll(/ check disabled$/gm)].length, 3);
  });

  it('has checks, limits, timeouts and a raw section as the manifest says', () => {
    const text = renderHaproxy({
      name: 'api',
      spec: lbSpec({
        frontends: [
          {
            ...MAIN,
            address: '192.168.111.248',
            maxconn: 100,
            backend: {
              ...MAIN.backend,
              maxconn: 10,
              check: { type: 'https', path: '/healthz', intervalSeconds: 5, rise: 1, fall: 2 },
            },
          },
        ],
        timeouts: { tunnelSeconds: 3600, clientSeconds: 5 },
        limits: { global: 20 },
        extraConfig: 'listen extra\n    bind *:8080\n    mode http\n\n',
      }),
      servers: [MASTERS],
    });

    for (const line of [
      '    bind 192.168.111.248:6443',
      '    option httpchk GET /healthz',
      '    server master00.k8s-thw.local 192.168.111.150:6443 check check-ssl verify none inter 5s rise 1 fall 2 maxconn 10',
      '    timeout tunnel          3600s',
      '    timeout client          5s',
      '    maxconn     20',
      '    maxconn 100',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
    assert.ok(text.endsWith('\n\nlisten extra\n    bind *:8080\n    mode http\n'));
    assert.equal(haproxySays(text), '');
  });

  it('has no page of statistics without a password', () => {
    const spec = lbSpec({ stats: { passwordFile: '/x' } });

    assert.doesNotMatch(renderHaproxy({ name: 'api', spec, servers: [[]] }), /stats auth|:9000/);
  });

  it('is accepted by the real HAProxy for any manifest, without a warning', () => {
    fc.assert(
      fc.property(input, (each) => {
        assert.equal(haproxySays(renderHaproxy(each)), '');
      }),
      { numRuns: 60 },
    );
  });
});

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
const path = fc.stringMatching(/^\/[A-Za-z0-9_.~/-]{0,20}$/);
const seconds = fc.integer({ min: 1, max: 86_400 });
const small = fc.integer({ min: 1, max: 100 });
const maxconn = fc.integer({ min: 1, max: 1000 });

const check = fc.oneof(
  fc.record({ type: fc.constant('none') }),
  fc.record(
    { type: fc.constantFrom('tcp', 'http', 'https'), intervalSeconds: seconds, rise: small, fall: small },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constantFrom('http', 'https'), path }),
);

const frontend = fc.record(
  {
    address: fc.constant('127.0.0.1'),
    mode: fc.constantFrom('tcp', 'http'),
    balance: fc.constantFrom('roundrobin', 'static-rr', 'leastconn', 'first', 'source'),
    maxconn,
    backend: fc.record(
      { role: fc.constant('master'), port: fc.integer({ min: 1, max: 65_535 }), maxconn, check },
      { requiredKeys: ['role', 'port'] },
    ),
  },
  { requiredKeys: ['backend'] },
);

const servers = fc.uniqueArray(
  fc.record({
    node: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
    address: fc.ipV4(),
    enabled: fc.boolean(),
  }),
  { selector: ({ node }) => node, maxLength: 5 },
);

const input: fc.Arbitrary<HaproxyInput> = fc
  .record({
    names: fc.uniqueArray(
      word.filter((name) => name !== 'stats'),
      { minLength: 1, maxLength: 4 },
    ),
    frontends: fc.array(frontend, { minLength: 4, maxLength: 4 }),
    pools: fc.array(servers, { minLength: 4, maxLength: 4 }),
    user: fc.stringMatching(/^[A-Za-z0-9_.-]{1,10}$/),
    uri: path,
    password: fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed()),
    timeouts: fc.record({ tunnelSeconds: seconds, checkSeconds: seconds }, { requiredKeys: [] }),
    retries: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ names, frontends, pools, user, uri, password, timeouts, retries }) => ({
    name: 'api',
    spec: lbSpec({
      frontends: names.map((name, index) => ({ ...frontends[index], name, port: 10_000 + index })),
      stats: { port: 9000, path: uri, user, passwordFile: '/x' },
      timeouts,
      retries,
    }),
    servers: names.map((_name, index) =>
      (pools[index] ?? []).map((each) => ({ ...each, name: each.node, port: 6443 })),
    ),
    password,
  }));

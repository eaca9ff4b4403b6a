import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crossCheck } from '../../../src/api/manifest/cross-check.ts';
import { errorLines, files, manifest } from '../manifest/samples.ts';

const BACKEND = { role: 'master', port: 6443 };
const MAIN = { name: 'main', port: 6443, backend: BACKEND };

function loadBalancer(fields: Record<string, unknown> = {}, name = 'api'): string {
  return manifest('LoadBalancer', name, { node: 'loadbalancer', frontends: [MAIN], ...fields });
}

function errors(fields: Record<string, unknown>): string[] {
  return errorLines(loadBalancer(fields)).map((line) => line.replace(/^\d+:\d+: /, ''));
}

function withBackend(backend: Record<string, unknown>): Record<string, unknown> {
  return { frontends: [{ ...MAIN, backend: { port: 6443, ...backend } }] };
}

const PASSWORD = { passwordFile: '/etc/k8slab/secrets/haproxy-stats' };

describe('a LoadBalancer', () => {
  const refused = [
    { fields: { frontends: [] }, lines: [/^spec\.frontends: /] },
    {
      fields: { frontends: [MAIN, { ...MAIN, name: 'other' }] },
      lines: ['spec.frontends[1].port: port 6443 is listened on already'],
    },
    {
      fields: { frontends: [MAIN, { ...MAIN, port: 6444 }] },
      lines: ['spec.frontends[1].name: name main is there twice'],
    },
    {
      fields: { frontends: [MAIN, { name: 'b', port: 1, backend: { ...BACKEND, name: 'main' } }] },
      lines: ['spec.frontends[1].backend.name: name main is there twice'],
    },
    {
      fields: { frontends: [{ ...MAIN, name: 'stats' }], stats: PASSWORD },
      lines: ['spec.frontends[0].name: name stats is there twice'],
    },
    {
      fields: { frontends: [{ ...MAIN, port: 9000 }], stats: PASSWORD },
      lines: ['spec.stats.port: port 9000 is listened on already'],
    },
    {
      fields: withBackend({}),
      lines: ['spec.frontends[0].backend: role or labels must say which Nodes are its servers'],
    },
    { fields: withBackend({ labels: {} }), lines: [/^spec\.frontends\[0\]\.backend: /] },
    {
      fields: withBackend({ role: 'master', check: { path: '/healthz' } }),
      lines: ['spec.frontends[0].backend.check.path: only http and https checks ask for a path'],
    },
    {
      fields: withBackend({ role: 'master', check: { type: 'none', rise: 2 } }),
      lines: ['spec.frontends[0].backend.check.rise: there is no check'],
    },
    { fields: { stats: {} }, lines: [/^spec\.stats\.passwordFile: required field is missing/] },
    { fields: { stats: { ...PASSWORD, password: 'x' } }, lines: [/^spec\.stats\.password: unknown field/] },
    { fields: { stats: { ...PASSWORD, user: 'a:b' } }, lines: [/^spec\.stats\.user: /] },
    { fields: { extraConfig: 'listen x\r\n' }, lines: [/^spec\.extraConfig: /] },
    { fields: { frontends: [{ ...MAIN, name: 'a b' }] }, lines: [/^spec\.frontends\[0\]\.name: /] },
  ];
  for (const { fields, lines } of refused) {
    it(`is refused: ${JSON.stringify(fields)}`, () => {
      const found = errors(fields);

      assert.equal(found.length, lines.length, found.join('\n'));
      for (const [index, line] of lines.entries()) {
        if (typeof line === 'string') assert.equal(found[index], line);
        else assert.match(found[index] ?? '', line);
      }
    });
  }

  it('may listen on one port at different addresses, and select by role, labels or both', () => {
    const found = errors({
      frontends: [
        { ...MAIN, address: '192.168.111.248' },
        { ...MAIN, name: 'other', address: '127.0.0.1', backend: { labels: { zone: 'a' }, port: 1 } },
        { ...MAIN, name: 'third', port: 80, mode: 'http', backend: { ...BACKEND, labels: { zone: 'a' } } },
      ],
      stats: PASSWORD,
    });

    assert.deepEqual(found, []);
  });

  it('shares the HAProxy of its Node with no other', () => {
    const found = crossCheck(files([loadBalancer(), loadBalancer({}, 'other')]));

    assert.deepEqual(
      found.map(({ code, object, path }) => [code, object.name, path]),
      [
        ['DuplicateLoadBalancer', 'api', 'spec.node'],
        ['DuplicateLoadBalancer', 'other', 'spec.node'],
      ],
    );
    assert.deepEqual(crossCheck(files([loadBalancer(), loadBalancer({ node: 'b' }, 'other')])), []);
  });
});

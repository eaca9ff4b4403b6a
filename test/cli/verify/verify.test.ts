import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verify } from '../../../src/cli/verify.ts';
import { NAMES_EACH } from '../../../src/cli/verify/guests.ts';
import { printVerified } from '../../../src/cli/verify/print.ts';
import { wantedLab } from '../../../src/cli/verify/wanted.ts';
import { parseInventory, parseLeaseTable } from '../../../src/cli/verify/world.ts';
import { createLab } from '../../controllers/bed.ts';
import { fakeLab, fakeWorld, notOk, wantedGuest, wantedLabOf, type FakeLab } from './bed.ts';

const THREE = ['a', 'b', 'c'].map((name, index) => wantedGuest(name, index + 1));

describe('k8slab verify', () => {
  it('finds nothing wrong with a lab that is as its manifests say, and looks at everything', async () => {
    const { checks } = await verify(fakeWorld(fakeLab(THREE)), wantedLabOf(...THREE));

    assert.deepEqual(checks.map(({ object, check, result }) => `${object} ${check} ${result}`).slice(0, 9), [
      'network/k8s-net network ok',
      'node/a machine ok',
      'node/a lease ok',
      'node/a dns ok',
      'node/a hosts ok',
      'node/a inventory ok',
      'node/a ssh ok',
      'node/a guest-dns ok',
      'node/a ping ok',
    ]);
    assert.equal(checks.length, 1 + 3 * 8);
  });

  it('lets a guest that is alone ask and ping nobody, and least of all itself', async () => {
    const [alone] = THREE as [(typeof THREE)[0]];
    const lab = fakeLab([alone]);

    const { checks } = await verify(fakeWorld(lab), wantedLabOf(alone));

    assert.equal(checks.at(-1)?.check, 'ssh');
    assert.equal(lab.asked.length, 1);
  });

  it('has one that was chosen ask and ping those beside it', async () => {
    const lab = fakeLab(THREE);
    const [, b] = THREE as [(typeof THREE)[0], (typeof THREE)[0]];

    const { checks } = await verify(fakeWorld(lab), { ...wantedLabOf(...THREE), guests: [b] });

    const [names, ping] = checks.slice(-2);
    assert.deepEqual([names?.message, ping?.message], ['finds 2 guests, both ways', 'reaches c']);
    assert.ok(checks.every(({ object }) => ['network/k8s-net', 'node/b'].includes(object)));
  });

  const breakages: Readonly<Record<string, [(lab: FakeLab) => unknown, string, RegExp]>> = {
    'a domain that is gone': [
      (lab) => lab.domains.delete('b'),
      'node/b machine failed',
      /no domain of this name/,
    ],
    'a lease of another address': [
      (lab) => (lab.leases[1] = { mac: '52:54:00:00:00:02', ip: '10.0.0.77', expires: '' }),
      'node/b lease failed',
      /leases 10\.0\.0\.77 to 52:54:00:00:00:02 instead of 10\.0\.0\.2/,
    ],
    'a name that has two addresses': [
      (lab) => lab.dns.set('b.lab', '10.0.0.2 10.0.0.9'),
      'node/b dns failed',
      /says b\.lab is 10\.0\.0\.2, 10\.0\.0\.9 instead of/,
    ],
    'a name that is not in the file of hosts': [
      (lab) => (lab.hosts = lab.hosts.replace(/.* b\n/, '')),
      'node/b hosts failed',
      /does not say that b\.lab, b is 10\.0\.0\.2/,
    ],
    'a vmhost that resolves otherwise than its file': [
      (lab) => lab.nss.set('10.0.0.2', 'other'),
      'node/b hosts failed',
      /resolves 10\.0\.0\.2 to other instead of b\.lab/,
    ],
    'another group in the inventory': [
      (lab) => lab.inventory.set('b.lab', { address: '10.0.0.2', groups: ['worker'] }),
      'node/b inventory failed',
      /in worker instead of master/,
    ],
    'a guest that is another one': [
      (lab) => lab.hostnames.set('10.0.0.2', 'localhost'),
      'node/b ssh failed',
      /host name is localhost/,
    ],
    'a guest without ssh': [(lab) => lab.dead.add('10.0.0.2'), 'node/b ssh failed', /refused/],
  };
  for (const [what, [breaks, line, message]] of Object.entries(breakages)) {
    it(`tells of ${what} in one line`, async () => {
      const lab = fakeLab(THREE);
      breaks(lab);

      const found = await notOk(lab, wantedLabOf(...THREE));

      assert.deepEqual(Object.keys(found), [line]);
      assert.match(found[line] ?? '', message);
    });
  }

  it('tells who does not find whom when DNS has lost a name', async () => {
    const lab = fakeLab(THREE);
    lab.dns.delete('b.lab');

    const found = await notOk(lab, wantedLabOf(...THREE));

    assert.match(found['node/b dns failed'] ?? '', /b\.lab is nothing instead of b\.lab, 10\.0\.0\.2/);
    for (const name of ['a', 'c'])
      assert.match(found[`node/${name} guest-dns failed`] ?? '', /b\.lab is unknown instead of 10\.0\.0\.2/);
  });

  it('takes a guest that shall be off as it is, and says when it is not', async () => {
    const off = wantedGuest('off', 4, { running: false });
    const lab = fakeLab([...THREE, off]);
    assert.deepEqual(await notOk(lab, wantedLabOf(...THREE, off)), {});

    lab.domains.set('off', 'running');
    const found = await notOk(lab, wantedLabOf(...THREE, off));
    assert.deepEqual(Object.keys(found), ['node/off machine failed']);
  });

  it('passes over what nobody can know of an adopted guest', async () => {
    const { hostKey: _unknown, ...rest } = wantedGuest('old', 4, { adopted: true });
    const old = { ...rest, hostKey: undefined };
    const lab = fakeLab([...THREE, old]);
    lab.leases.pop();

    const found = await notOk(lab, wantedLabOf(...THREE, old));

    assert.deepEqual(Object.keys(found), ['node/old lease skipped', 'node/old ssh skipped']);
  });

  it('goes on in guests while libvirt does not answer', async () => {
    const world = fakeWorld(fakeLab(THREE));

    const { checks } = await verify(
      { ...world, domains: () => Promise.reject(new Error('no libvirt')) },
      wantedLabOf(...THREE),
    );

    const of = (check: string): string[] =>
      checks.filter((each) => each.check === check).map(({ result }) => result);
    assert.deepEqual(of('machine'), ['failed', 'failed', 'failed']);
    assert.deepEqual(of('ping'), ['ok', 'ok', 'ok']);
  });

  it('costs a thousand guests what it costs one of them, and never asks many at once', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => wantedGuest(`n${index}`, index + 1));
    const lab = fakeLab(many);

    await verify(fakeWorld(lab), wantedLabOf(...many));

    assert.equal(lab.asked.length, 3 * many.length, 'a login, the names and a ping each');
    const words = lab.asked.map((each) => each.words.length);
    assert.equal(Math.max(...words), 2 * NAMES_EACH);
    const asked = new Set(lab.asked.flatMap((each) => each.words));
    for (const { places } of many) assert.ok(asked.has(places[0]?.hostnames[0] ?? ''));
    assert.ok(lab.mostAtOnce <= 16, `${lab.mostAtOnce} at once`);
    assert.deepEqual(
      [...lab.looks],
      [
        ['domains', 1],
        ['leases', 1],
        ['hosts', 1],
        ['inventory', 1],
      ],
    );
  });
});

describe("a LoadBalancer's HAProxy", () => {
  const [a, b, c] = THREE as [(typeof THREE)[0], (typeof THREE)[0], (typeof THREE)[0]];
  const servers = [a, b].map(({ name, places }) => ({ node: name, ip: places[0]?.ip ?? '', port: 6443 }));
  const wanted = {
    ...wantedLabOf(...THREE),
    balancers: [
      {
        name: 'api',
        node: c,
        frontends: [{ name: 'main', port: 6443, address: undefined, backend: 'main', servers }],
      },
    ],
  };
  const stat = (server: string, state: string): NonNullable<FakeLab['stats']>['servers'][number] => ({
    backend: 'main',
    server: `${server}.lab`,
    state,
    sessions: 0,
    sessionsTotal: 0,
  });
  function lab(states: Record<string, string>, open: readonly string[]): FakeLab {
    const made = fakeLab(THREE);
    made.stats = { sessions: 0, servers: Object.entries(states).map(([name, state]) => stat(name, state)) };
    for (const each of open) made.open.add(each);
    return made;
  }
  const FRONTEND = '10.0.0.3:6443';

  it('is well when what it says of its servers is what they say themselves', async () => {
    assert.deepEqual(
      await notOk(lab({ a: 'UP', b: 'UP' }, ['10.0.0.1:6443', '10.0.0.2:6443', FRONTEND]), wanted),
      {},
    );
    assert.deepEqual(await notOk(lab({ a: 'UP', b: 'DOWN' }, ['10.0.0.1:6443', FRONTEND]), wanted), {});
  });

  it('is not blamed for servers on which nothing listens yet', async () => {
    const found = await notOk(lab({ a: 'DOWN', b: 'DOWN' }, [FRONTEND]), wanted);

    assert.deepEqual(found, {
      'loadbalancer/api backend skipped': 'nothing listens on port 6443 of a, b yet',
    });
  });

  for (const [what, states, open, message] of [
    [
      'calls a server down that answers',
      { a: 'UP', b: 'DOWN' },
      ['10.0.0.1:6443', '10.0.0.2:6443'],
      /b is DOWN, and port 6443 answers/,
    ],
    [
      'calls one up that does not',
      { a: 'UP', b: 'UP' },
      ['10.0.0.1:6443'],
      /b is UP, and port 6443 does not answer/,
    ],
    ['lacks one', { a: 'UP' }, ['10.0.0.1:6443'], /b is not behind main/],
    ['has one more', { a: 'UP', b: 'UP', x: 'UP' }, [], /x\.lab is behind main and should not be/],
  ] as const) {
    it(`fails when it ${what}`, async () => {
      const found = await notOk(lab(states, [...open, FRONTEND]), wanted);

      assert.deepEqual(Object.keys(found), ['loadbalancer/api backend failed']);
      assert.match(found['loadbalancer/api backend failed'] ?? '', message);
    });
  }

  it('fails in one line when it does not run, and when its frontend does not answer', async () => {
    assert.deepEqual(Object.keys(await notOk(fakeLab(THREE), wanted)), ['loadbalancer/api haproxy failed']);
    const found = await notOk(lab({ a: 'UP', b: 'UP' }, ['10.0.0.1:6443', '10.0.0.2:6443']), wanted);
    assert.deepEqual(found, { 'loadbalancer/api frontend failed': 'main does not answer on 10.0.0.3:6443' });
  });
});

describe('what is wanted', () => {
  it('comes from the manifests and the addresses given out for them', async () => {
    const bed = await createLab('a', 'b');
    bed.apply('Node', 'b', { role: 'worker' });
    await bed.converge();
    bed.apply('LoadBalancer', 'api', {
      node: 'a',
      frontends: [{ name: 'main', port: 80, backend: { role: 'worker', port: 8080 } }],
    });
    const objects = {
      nodes: bed.store.list('Node'),
      networks: bed.store.list('Network'),
      balancers: bed.store.list('LoadBalancer'),
    };
    const ip = bed.object('Node', 'b').status.address;

    const all = wantedLab(objects, { nodes: [], vmhost: 'v1' });
    const [balancer] = all.balancers;
    assert.deepEqual(balancer?.frontends[0]?.servers, [{ node: 'b', ip, port: 8080 }]);
    assert.equal(all.guests[1]?.places[0]?.hostnames[0], 'b.k8s-thw.local');

    bed.store.terminate('Node', 'b');
    const going = wantedLab({ ...objects, nodes: bed.store.list('Node') }, { nodes: [], vmhost: 'v1' });
    assert.deepEqual(going.balancers[0]?.frontends[0]?.servers, [], 'who is on its way out serves nothing');

    const some = wantedLab(objects, { nodes: [], role: 'worker', vmhost: 'v1' });
    assert.deepEqual([some.guests.map(({ name }) => name), some.balancers, some.all.length], [['b'], [], 2]);
    const [a, b] = objects.nodes.map((node, at) => ({
      ...node,
      status: { ...node.status, vmhost: `v${at + 1}` },
    }));
    assert.ok(a && b);
    const shared = wantedLab({ ...objects, nodes: [a, b] }, { nodes: [], vmhost: 'v1' });
    assert.deepEqual(
      shared.guests.map(({ name, elsewhere }) => [name, elsewhere]),
      [
        ['a', undefined],
        ['b', 'v2'],
      ],
    );
    assert.deepEqual(shared.networks, ['k8s-net']);
    assert.throws(() => wantedLab(objects, { nodes: ['x'], vmhost: 'v1' }), { reason: 'NotFound' });
    assert.throws(() => wantedLab(objects, { nodes: [], role: 'x', vmhost: 'v1' }), { reason: 'NotFound' });
  });
});

describe('what is on another vmhost alone', () => {
  it('is said to be there, and nothing of it is looked for here', async () => {
    const bed = await createLab('a');
    bed.apply('LoadBalancer', 'api', {
      node: 'a',
      frontends: [{ name: 'main', port: 80, backend: { role: 'none', port: 8080 } }],
    });
    const elsewhere = { name: 'v2', ready: 'True', reason: 'Active', message: '' } as const;
    const objects = {
      nodes: bed.store.list('Node').map((node) => ({ ...node, status: { ...node.status, vmhost: 'v2' } })),
      networks: bed.store
        .list('Network')
        .map((network) => ({ ...network, status: { conditions: [], vmhosts: [elsewhere] } })),
      balancers: bed.store.list('LoadBalancer'),
    };

    const wanted = wantedLab(objects, { nodes: [], vmhost: 'v1' });
    const { checks } = await verify(fakeWorld(fakeLab([])), wanted);

    assert.deepEqual(
      checks.map(({ object, check, result, message }) => [object, check, result, message]),
      [['node/a', 'machine', 'skipped', 'on v2, which verifies it']],
    );
    assert.deepEqual(wantedLab(objects, { nodes: [], vmhost: 'v2' }).networks, ['k8s-net']);
  });
});

describe('what other programs print', () => {
  it('is read whatever the language of its header', () => {
    const text = ` Expiry Time           MAC アドレス         Protocol   IP address          Hostname   Client ID or DUID
------------------------------------------------------------------------------
 2026-11-26 09:51:03   52:54:00:BF:CA:B4   ipv4       192.168.111.98/24   worker00   01:52:54
 2026-11-26 09:51:03   52:54:00:bf:ca:b4   ipv6       fd00::1/64          worker00   -
`;
    assert.deepEqual(parseLeaseTable(text), [
      { mac: '52:54:00:bf:ca:b4', ip: '192.168.111.98', expires: '2026-11-26T09:51:03Z' },
    ]);
  });

  it('gives each host its address and its groups', () => {
    const inventory = parseInventory({
      _meta: { hostvars: { 'a.lab': { ansible_host: '10.0.0.1' } } },
      all: {},
      master: { hosts: ['a.lab'] },
      blue: { hosts: ['a.lab', 'b.lab'] },
    });

    assert.deepEqual(inventory.get('a.lab'), { address: '10.0.0.1', groups: ['master', 'blue'] });
    assert.deepEqual(inventory.get('b.lab'), { address: undefined, groups: ['blue'] });
  });

  it('cannot move the cursor of who reads it', () => {
    const check = {
      object: 'node/a',
      check: 'ssh',
      result: 'failed',
      seconds: 0.5,
      message: '\u001b[2Jx',
    } as const;

    const text = printVerified({ checks: [check], seconds: 1 }, {});

    assert.equal(
      text,
      'OBJECT   CHECK   RESULT   TIME    FOUND\nnode/a   ssh     failed   0.50s   ?[2Jx\n1 checks in 1.0 s: 0 ok, 1 failed, 0 skipped\n',
    );
  });
});

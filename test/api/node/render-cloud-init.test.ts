import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { nodeSpec } from '../../../src/api/node/spec.ts';
import { cloudInitHash, renderSeed, type CloudInitInput } from '../../../src/api/node/render-cloud-init.ts';

const KEY = {
  privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n',
  publicKey: 'ssh-ed25519 AAAAhost',
};

function input(spec: Record<string, unknown> = {}, more: Partial<CloudInitInput> = {}): CloudInitInput {
  return {
    node: 'master00',
    fqdn: 'master00.k8s-thw.local',
    instanceId: '09da400d',
    spec: nodeSpec.parse({
      disk: { image: 'i' },
      networks: [{ network: 'n' }],
      ssh: { user: 'centos' },
      ...spec,
    }),
    macs: ['52:54:00:5e:53:fb', '52:54:00:00:00:01'],
    daemonKey: 'ssh-ed25519 AAAAdaemon k8slabd',
    usedDisk: false,
    ...more,
  };
}

type Config = Record<string, unknown> & {
  users: Record<string, unknown>[];
  write_files: Record<string, unknown>[];
  runcmd: unknown[];
  bootcmd: unknown[] | undefined;
};

function told(from: CloudInitInput): Config {
  return parse(renderSeed(from, KEY).userData) as Config;
}

const anyCharacter = fc.oneof(
  fc.constantFrom('\x00', '\n', '"', '\\', '\x7f', '\x80', '\x85', '\x9f', '\ufeff', '\ufffe', '\uffff'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);

describe('a seed', () => {
  it('is YAML with the header that cloud-init asks for, and JSON after it', () => {
    const { userData, metaData, networkConfig } = renderSeed(input(), KEY);

    assert.ok(userData.startsWith('#cloud-config\n'));
    for (const text of [userData.slice('#cloud-config\n'.length), metaData, networkConfig]) {
      assert.deepEqual(parse(text), JSON.parse(text));
    }
  });

  it('E41: names the guest, and finds its NICs by MAC address whatever the kernel calls them', () => {
    const { metaData, networkConfig } = renderSeed(input(), KEY);
    const { ethernets } = parse(networkConfig) as { ethernets: Record<string, Record<string, unknown>> };

    assert.deepEqual(parse(metaData), {
      'instance-id': '09da400d',
      'local-hostname': 'master00.k8s-thw.local',
    });
    assert.deepEqual(
      Object.values(ethernets).map((nic) => [nic['match'], nic['dhcp4'], nic['dhcp-identifier']]),
      [
        [{ macaddress: '52:54:00:5e:53:fb' }, true, 'mac'],
        [{ macaddress: '52:54:00:00:00:01' }, true, 'mac'],
      ],
    );
    assert.doesNotMatch(networkConfig, /eth\d|ens\d/);
  });

  it('C4: lets the default route by the first network win, unless the manifest says otherwise', () => {
    const metrics = (more: Partial<CloudInitInput>): unknown[] => {
      const { ethernets } = parse(renderSeed(input({}, more), KEY).networkConfig) as {
        ethernets: Record<string, { 'dhcp4-overrides': Record<string, unknown> }>;
      };
      return Object.values(ethernets).map((nic) => nic['dhcp4-overrides']['route-metric']);
    };
    const [mac = ''] = input().macs;

    assert.deepEqual(metrics({}), [100, 200]);
    assert.deepEqual(metrics({ routeMetrics: [null, 50] }), [100, 50]);
    assert.deepEqual(metrics({ macs: [mac] }), [undefined]);
    assert.deepEqual(metrics({ macs: [mac], routeMetrics: [7] }), [7]);
  });

  it('lets nobody log in by password, and has none in it', () => {
    for (const user of ['centos', 'root']) {
      const config = told(input({ ssh: { user } }));

      assert.equal(config['ssh_pwauth'], false);
      assert.deepEqual(
        Object.keys(config).filter((key) => /passw|chpasswd/.test(key)),
        [],
      );
      for (const each of config.users) {
        assert.deepEqual(
          Object.keys(each).filter((key) => /passwd/.test(key)),
          user === 'root' ? [] : ['lock_passwd'],
        );
        assert.notEqual(each['lock_passwd'], false);
      }
    }
  });

  it('lets the daemon and the authorized keys in, root only where root is the user', () => {
    const keys = ['ssh-ed25519 AAAAme me'];
    const centos = told(input({ ssh: { user: 'centos', authorizedKeys: keys } }));
    const root = told(input({ ssh: { user: 'root', authorizedKeys: keys } }));

    for (const { users } of [centos, root]) {
      assert.deepEqual(users[0]?.['ssh_authorized_keys'], ['ssh-ed25519 AAAAdaemon k8slabd', ...keys]);
    }
    assert.deepEqual([centos['disable_root'], root['disable_root']], [true, false]);
    assert.deepEqual([centos.users[0]?.['name'], root.users[0]?.['name']], ['centos', 'root']);
  });

  it('hands the host key over, over whatever the manifest says of host keys', () => {
    const config = told(input({ cloudInit: { userData: { ssh_keys: { ed25519_private: 'other' } } } }));

    const { metaData, networkConfig } = renderSeed(input(), KEY);
    assert.doesNotMatch(`${metaData}${networkConfig}`, /PRIVATE/);
    assert.deepEqual(config['ssh_keys'], { ed25519_private: KEY.privateKey, ed25519_public: KEY.publicKey });
    assert.equal(config['ssh_deletekeys'], true);
  });

  it('C8: has no empty lists, which the schema of cloud-init refuses', () => {
    const empty = Object.entries(told(input())).filter(
      ([, value]) => Array.isArray(value) && value.length === 0,
    );

    assert.deepEqual(empty, []);
  });

  it('E40: makes the machine-id anew, once, where the disk was another one before', () => {
    assert.equal(told(input()).bootcmd, undefined);
    const [command] = told(input({}, { usedDisk: true })).bootcmd as string[][];
    assert.ok(command);
    assert.deepEqual(command.slice(0, 2), ['cloud-init-per', 'instance']);
    assert.match(command.at(-1) ?? '', /rm -f \/etc\/machine-id/);
  });

  it('writes the pod network into the home of the user, before the commands of the manifest', () => {
    const commands = { cloudInit: { commands: ['echo ready'] } };
    for (const [user, path] of [
      ['centos', '/home/centos/pod_cidr.txt'],
      ['root', '/root/pod_cidr.txt'],
    ] as const) {
      const { runcmd } = told(input({ ssh: { user }, ...commands }, { podCIDR: '10.200.0.0/24' }));
      assert.deepEqual((runcmd[0] as string[]).slice(-3), ['10.200.0.0/24', path, user]);
      assert.equal(runcmd[1], 'echo ready');
    }
    assert.deepEqual(told(input(commands)).runcmd, ['echo ready']);
  });

  it('writes files with their mode, and those of users only once there are users', () => {
    const files = [
      { path: '/etc/motd', content: 'hello\n' },
      { path: '/home/centos/x', content: '', owner: 'centos:centos', permissions: '0600' },
    ];

    assert.deepEqual(told(input({ cloudInit: { files } })).write_files, [
      { path: '/etc/motd', content: 'hello\n', permissions: '0644' },
      { path: '/home/centos/x', content: '', permissions: '0600', owner: 'centos:centos', defer: true },
    ]);
  });

  it("has the manifest's own cloud-config on top: lists appended, maps merged, the rest replaced", () => {
    const userData = {
      runcmd: ['more'],
      users: [{ name: 'x' }],
      timezone: 'Asia/Tokyo',
      hostname: 'other',
      a: { b: 1 },
    };

    const config = told(input({ cloudInit: { commands: ['first'], userData } }));

    assert.deepEqual(config.runcmd, ['first', 'more']);
    assert.deepEqual(
      config.users.map(({ name }) => name),
      ['centos', 'x'],
    );
    assert.deepEqual(
      [config['timezone'], config['hostname'], config['a']],
      ['Asia/Tokyo', 'other', { b: 1 }],
    );
  });

  it('carries any text to the guest, also what YAML takes only when it is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, minLength: 10, maxLength: 20 }), (content) => {
        const { userData } = renderSeed(input({ cloudInit: { files: [{ path: '/f', content }] } }), KEY);
        assert.equal((JSON.parse(userData.slice(14)) as Config).write_files[0]?.['content'], content);
        // The printable characters of YAML 1.1, which is what cloud-init reads.
        assert.match(userData, /^[\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the hash of what a guest was told', () => {
  const before = cloudInitHash(input());

  for (const [what, after] of [
    ['a command', input({ cloudInit: { commands: ['x'] } })],
    ['a key', input({ ssh: { user: 'centos', authorizedKeys: ['ssh-ed25519 A'] } })],
    ['the user', input({ ssh: { user: 'debian' } })],
    ['a MAC address', input({}, { macs: ['52:54:00:5e:53:fb'] })],
    ['the pod network', input({}, { podCIDR: '10.200.0.0/24' })],
    ['the name', input({}, { fqdn: 'master00.other' })],
    ["the daemon's key", input({}, { daemonKey: 'ssh-ed25519 B' })],
    ['raw user-data', input({ cloudInit: { userData: { a: 1 } } })],
  ] as const) {
    it(`is another one when ${what} changes`, () => {
      assert.notEqual(cloudInitHash(after), before);
    });
  }

  it('is the same for other CPUs and memory, and for user-data in another order of keys', () => {
    const [one, two] = [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1 },
    ].map((userData) => cloudInitHash(input({ cloudInit: { userData } })));

    assert.equal(cloudInitHash(input({ cpus: 4, memory: '8Gi', role: 'master' })), before);
    assert.equal(one, two);
  });
});

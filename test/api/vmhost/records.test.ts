import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { condition } from '../../../src/api/conditions.ts';
import { readRecords } from '../../../src/api/vmhost/read.ts';
import { hostRecords, type HostRecords } from '../../../src/api/vmhost/records.ts';
import {
  renderHosts,
  renderInventory,
  renderKnownHosts,
  renderSshConfig,
  type HostRecord,
} from '../../../src/api/vmhost/render.ts';
import type { ObjectOf } from '../../../src/api/meta.ts';
import { entry, network, node } from '../node/bed.ts';

const FILES = { knownHosts: '/var/lib/k8slab/known_hosts', identity: '/etc/k8slab/ssh/id_ed25519' };

function texts(records: readonly HostRecord[]): Required<Parameters<typeof readRecords>[0]> {
  return {
    hosts: renderHosts('127.0.0.1 localhost\n', records),
    inventory: renderInventory(records, FILES.knownHosts),
    sshConfig: renderSshConfig(records, FILES),
    knownHosts: renderKnownHosts(records),
  };
}

const anyRecord = fc
  .record({
    domain: fc.constantFrom('.k8s-thw.local', ''),
    aliases: fc.subarray(['api.k8s-thw.local', 'www.example']),
    role: fc.constantFrom('master', 'worker', undefined),
    hostKey: fc.constantFrom('ssh-ed25519 AAAA', undefined),
    unpinned: fc.constantFrom(true as const, undefined),
  })
  .map(({ domain, aliases, role, hostKey, unpinned }) => (name: string, address: string): HostRecord => ({
    node: name,
    fqdn: `${name}${domain}`,
    aliases: aliases.map((alias) => `${name}-${alias}`),
    address,
    user: 'centos',
    ...(role && { role }),
    ...(hostKey && { hostKey }),
    ...(unpinned && { unpinned }),
  }));

describe('the records in the files of the vmhost', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 4 }), (made) => {
        const records = made.map((make, index) => make(`n${index}`, `192.168.111.${index + 10}`));
        assert.deepEqual([...readRecords(texts(records)).values()].sort(byNode), records);
      }),
    );
  });

  it('are read from ssh_config where k8slab writes no hosts, and from no file of others', () => {
    const [record] = [{ ...old, fqdn: 'master00.k8s-thw.local', aliases: ['api.k8s-thw.local'] }];
    const { sshConfig, inventory, knownHosts, hosts } = texts([record]);

    assert.deepEqual(readRecords({ sshConfig, inventory, knownHosts }).get('master00'), record);
    assert.equal(readRecords({ sshConfig: sshConfig?.replace('# Written', '# Copied') }).size, 0);
    assert.equal(readRecords({ hosts: hosts?.replaceAll('k8slab', 'other') }).size, 0);
  });
});

function byNode(a: HostRecord, b: HostRecord): number {
  return a.node < b.node ? -1 : 1;
}

const old: HostRecord = {
  node: 'master00',
  fqdn: 'master00.k8s-thw.local',
  aliases: [],
  address: '192.168.111.9',
  user: 'centos',
  hostKey: 'ssh-ed25519 OLD',
};
const before = new Map([['master00', old]]);
const looked = { observedGeneration: 1, conditions: [condition('Ready', 'True', 'Ready')] };
const here = network('k8s-net', { observedGeneration: 1, entries: [entry, { ...entry, node: 'other' }] });

function found(nodes: readonly ObjectOf<'Node'>[], more: object = {}): HostRecords {
  return hostRecords({ nodes, networks: [here], before, mayExist: () => false, ...more });
}

describe('who is named', () => {
  it('R9: keeps what was written of a Node that nobody could look at, and all others go on', () => {
    const other = node('other', {}, { ...looked, sshHostKey: 'ssh-ed25519 NEW' });
    const dark = network('dark', {}, []);
    const unlooked = { networks: [{ network: 'dark' }], role: 'worker', ssh: { user: 'me' } };

    const { records, kept } = found([node('master00', unlooked), other], { networks: [here, dark] });

    assert.deepEqual(kept, ['master00']);
    assert.deepEqual(records[0], { ...old, role: 'worker', user: 'me' });
    assert.deepEqual([records[1]?.address, records[1]?.hostKey], [entry.ip, 'ssh-ed25519 NEW']);
  });

  it('keeps the key of a Node that was not looked at, at the address that its network gives it', () => {
    const { records, kept } = found([node('master00')]);

    assert.deepEqual([records[0]?.address, records[0]?.hostKey, kept], [entry.ip, old.hostKey, ['master00']]);
    const changed = found([node('master00', {}, looked)]);
    assert.deepEqual([changed.records[0]?.hostKey, changed.kept], [undefined, []]);
  });

  it('loses what no manifest names, once all that there is is known', () => {
    assert.deepEqual(found([]), { records: [], kept: [] });
    const mayExist = (name: string): boolean => name === 'master00';
    const others = new Map([...before, ['gone', { ...old, node: 'gone' }]]);
    assert.deepEqual(found([], { mayExist, before: others }), { records: [old], kept: ['master00'] });
  });

  it('is nobody who wants no entry, or whose network is gone', () => {
    assert.deepEqual(found([node('master00', { hostsEntry: false })]), { records: [], kept: [] });
    assert.deepEqual(found([node('master00', {}, looked)], { networks: [] }).records, []);
  });
});

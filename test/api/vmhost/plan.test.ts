import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planVmhost, type HostPaths } from '../../../src/api/vmhost/plan.ts';
import type { HostRecord } from '../../../src/api/vmhost/render.ts';

const PATHS: HostPaths = {
  hosts: '/etc/hosts',
  inventory: '/etc/ansible/hosts',
  sshConfig: '/etc/ssh/ssh_config.d/k8slab.conf',
  knownHosts: '/var/lib/k8slab/known_hosts',
  identity: '/etc/k8slab/ssh/id_ed25519',
};
const master00: HostRecord = {
  node: 'master00',
  fqdn: 'master00.k8s-thw.local',
  aliases: [],
  address: '192.168.111.150',
  user: 'centos',
  hostKey: 'ssh-ed25519 AAAA',
};
type Files = Map<string, string | undefined>;

function look(records: readonly HostRecord[], files: Files, paths = PATHS): ReturnType<typeof planVmhost> {
  return planVmhost(paths, records, { files, networks: ['k8s-net'] });
}

function apply(files: Files, plan: ReturnType<typeof planVmhost>): Files {
  return new Map([...files, ...plan.actions.map(({ path, content }) => [path, content] as const)]);
}

function written(plan: ReturnType<typeof planVmhost>): string[] {
  return plan.actions.map(({ path }) => path).sort();
}

const HOSTS = '127.0.0.1 localhost\n';
const fresh: Files = new Map([['/etc/hosts', HOSTS]]);

describe("the vmhost's files", () => {
  it('are written when they are missing, and never again while they say the same', () => {
    const plan = look([master00], fresh);

    assert.deepEqual(written(plan), [PATHS.inventory, PATHS.hosts, PATHS.sshConfig, PATHS.knownHosts].sort());
    assert.deepEqual(new Set(plan.actions.map(({ disruption }) => disruption)), new Set(['none']));
    assert.deepEqual(look([master00], apply(fresh, plan)), { actions: [] });
  });

  it('are written where they differ, and only there', () => {
    const files = apply(fresh, look([master00], fresh));

    const key = look([{ ...master00, hostKey: 'ssh-ed25519 BBBB' }], files);
    const edited = look([master00], new Map([...files, ['/etc/hosts', `${HOSTS}# by hand\n`]]));

    assert.deepEqual(written(key), [PATHS.knownHosts]);
    assert.deepEqual(written(edited), ['/etc/hosts']);
    assert.match(edited.actions[0]?.content ?? '', /# by hand\n# BEGIN/);
  });

  it('of which one carries no line of ours are left alone, and others are written all the same', () => {
    for (const path of [PATHS.inventory, PATHS.sshConfig, PATHS.knownHosts]) {
      assert.ok(path !== undefined);
      const plan = look([master00], new Map([...fresh, [path, '[mine]\n']]));

      assert.ok(!written(plan).includes(path));
      assert.equal(plan.actions.length, 3);
      assert.equal(plan.waiting?.reason, 'ForeignFile');
      assert.ok(plan.waiting.message.includes(path));
    }
  });

  it('that are foreign stay foreign when they are empty', () => {
    const plan = look([master00], new Map([...fresh, [PATHS.inventory ?? '', '']]));

    assert.equal(plan.waiting?.reason, 'ForeignFile');
  });

  it('are those that are configured', () => {
    const { knownHosts, identity } = PATHS;

    assert.deepEqual(written(look([master00], new Map(), { knownHosts, identity })), [knownHosts]);
  });

  it('say nothing of guests when there are none', () => {
    const files = apply(fresh, look([master00], fresh));

    const after = apply(files, look([], files));

    assert.equal(after.get('/etc/hosts'), HOSTS);
    for (const text of after.values()) assert.doesNotMatch(text ?? '', /master00/);
  });
});

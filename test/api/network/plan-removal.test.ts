import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { planNetworkRemoval, type RemovedNetwork } from '../../../src/api/network/plan-removal.ts';
import { apply, look, master00, master01, types } from './bed.ts';

function definition(): string {
  const { config = '' } = apply({}, look([master00, master01], {}));
  return config;
}

function removed(more: Partial<RemovedNetwork> = {}, edit = (xml: string): string => xml): RemovedNetwork {
  return {
    name: 'k8s-net',
    active: true,
    config: parseNetwork(edit(definition())),
    hostFiles: true,
    users: [],
    exists: () => false,
    ...more,
  };
}

describe('the removal of a Network', () => {
  it('that nobody uses takes it away, its definition last, since the mark is in it', () => {
    assert.deepEqual(types(planNetworkRemoval(removed())), [
      'DestroyNetwork',
      'RemoveHostFiles',
      'UndefineNetwork',
    ]);
    assert.deepEqual(types(planNetworkRemoval(removed({ active: false }))), [
      'RemoveHostFiles',
      'UndefineNetwork',
    ]);
  });

  it('E35: that is in use waits, and names who uses it', () => {
    const plan = planNetworkRemoval(removed({ users: ['domain "a"', 'Node "b"'] }));

    assert.deepEqual(plan.actions, []);
    assert.deepEqual(plan.waiting, { reason: 'InUse', message: 'domain "a", Node "b" use it' });
    assert.deepEqual(
      plan.later?.map(({ type }) => type),
      ['DestroyNetwork', 'RemoveHostFiles', 'UndefineNetwork'],
    );
  });

  it('is over when there is neither a network nor a file of it', () => {
    const gone = { ...removed({ active: false }) };
    delete gone.config;

    assert.deepEqual(types(planNetworkRemoval(gone)), ['RemoveHostFiles']);
    assert.deepEqual(planNetworkRemoval({ ...gone, hostFiles: false }), { actions: [], gone: true });
  });

  it('leaves a network alone that others made or copied', () => {
    const unmarked = removed({}, (xml) => xml.replace(/<metadata>[^]*<\/metadata>/, ''));
    const copied = removed({}, (xml) => xml.replace(/(kind="Network" name=")k8s-net/, '$1other'));

    for (const network of [unmarked, copied]) {
      assert.deepEqual(planNetworkRemoval(network), { actions: [], gone: true });
    }
  });

  it('lets an adopted network go, also one in use: our mark goes, and entries of machines that are gone', () => {
    const network = removed({ users: ['domain "master01"'], exists: (node) => node === 'master01' }, (xml) =>
      xml.replace('kind="Network"', 'kind="Network" adopted="yes"'),
    );

    const [action, ...more] = planNetworkRemoval(network).actions;

    assert.deepEqual([action?.type, more], ['ReleaseNetwork', []]);
    const { model } = parseNetwork(action?.type === 'ReleaseNetwork' ? action.xml : '');
    assert.equal(model.mark, undefined);
    assert.deepEqual(
      model.hosts.map(({ ip }) => ip),
      ['192.168.111.135'],
    );
    assert.deepEqual(
      model.dns.hosts.map(({ ip }) => ip),
      ['192.168.111.135'],
    );
    assert.equal(model.bridge?.name, 'virbr1');
  });

  it('leaves others their records of an adopted network, also those of a name that goes with its machine', () => {
    const foreign = { ip: '2001:db8::160', hostnames: ['master00.k8s-thw.local'] };
    const network = removed({}, (xml) =>
      xml
        .replace('kind="Network"', 'kind="Network" adopted="yes"')
        .replace(
          /<dns>/,
          `<dns><host ip="${foreign.ip}"><hostname>${foreign.hostnames.join('')}</hostname></host>`,
        ),
    );

    const [action] = planNetworkRemoval(network).actions;

    const { model } = parseNetwork(action?.type === 'ReleaseNetwork' ? action.xml : '');
    assert.deepEqual(model.dns.hosts, [foreign]);
  });
});

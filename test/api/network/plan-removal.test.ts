import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork, type NetworkDocument } from '../../../src/api/libvirt/network.ts';
import { planNetworkRemoval, type RemovedNetwork } from '../../../src/api/network/plan-removal.ts';
import { renderXml } from '../../../src/api/xml.ts';
import { apply, hostDirs, look, master00, master01, spec, types } from './bed.ts';

function definition(more: Record<string, unknown> = {}): string {
  const { config = '' } = apply({}, look([master00, master01], {}, { spec: spec(more) }));
  return config;
}

/** A definition as one that was taken over. */
function adopted(xml: string): string {
  return xml.replace('kind="Network"', 'kind="Network" adopted="yes"');
}

function removed(more: Partial<RemovedNetwork> = {}, edit = (xml: string): string => xml): RemovedNetwork {
  return {
    name: 'k8s-net',
    active: true,
    config: parseNetwork(edit(definition())),
    hostDirs,
    hostFiles: true,
    users: [],
    exists: () => false,
    ...more,
  };
}

/** What an adopted network is defined as when it is let go. */
function released(network: RemovedNetwork): NetworkDocument {
  const action = planNetworkRemoval(network).actions.find(({ type }) => type === 'ReleaseNetwork');
  return parseNetwork(action?.type === 'ReleaseNetwork' ? action.xml : assert.fail('is not let go'));
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
      adopted(xml),
    );

    const { actions } = planNetworkRemoval(network);

    assert.deepEqual(types({ actions }), ['ReleaseNetwork']);
    const { model } = released(network);
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
      adopted(xml).replace(
        /<dns>/,
        `<dns><host ip="${foreign.ip}"><hostname>${foreign.hostnames.join('')}</hostname></host>`,
      ),
    );

    assert.deepEqual(released(network).model.dns.hosts, [foreign]);
  });

  it('takes the directories that nobody keeps any more out of an adopted network, and no option else', () => {
    const [asked, foreign] = ['log-queries', 'log-dhcp'];
    const xml = adopted(definition({ dns: { dnsmasqOptions: [asked] } })).replace(
      '<dnsmasq:option ',
      `<dnsmasq:option value="${foreign}"/><dnsmasq:option `,
    );
    const kept = { exists: (): boolean => true };

    const { model } = released(removed({ ...kept, config: parseNetwork(xml) }));
    const bare = released(removed({ ...kept, config: parseNetwork(adopted(definition())) }));

    assert.deepEqual(model.options, [foreign, asked]);
    assert.doesNotMatch(renderXml(bare.root), /dnsmasq:option/, 'not even an empty list');
    for (const { hosts, dns } of [model, bare.model]) {
      assert.deepEqual(
        [hosts.map(({ ip }) => ip), dns.hosts.map(({ ip }) => ip)],
        Array(2).fill(['192.168.111.150', '192.168.111.135']),
      );
    }
  });

  it('leaves directories of an adopted network that it did not write into it', () => {
    const xml = adopted(definition()).replaceAll(/<k8slab:option>.*?<\/k8slab:option>/g, '');

    assert.equal(released(removed({ config: parseNetwork(xml) })).model.options.length, 2);
  });

  it('leaves the files of an adopted network to a dnsmasq that reads them, and removes them otherwise', () => {
    const config = parseNetwork(adopted(definition()));
    const live = config.model;
    const unread = { ...live, options: live.options.filter((option) => !option.includes(hostDirs.dhcp)) };
    const plan = (more: Partial<RemovedNetwork>): string[] =>
      types(planNetworkRemoval(removed({ config, ...more })));

    assert.deepEqual(plan({ live }), ['ReleaseNetwork']);
    assert.deepEqual(plan({ live: unread }), ['ReleaseNetwork'], 'one of the two is read');
    assert.deepEqual(plan({}), ['ReleaseNetwork'], 'it runs, and nobody knows how');
    assert.deepEqual(plan({ live: { ...live, options: [] } }), ['RemoveHostFiles', 'ReleaseNetwork']);
    assert.deepEqual(plan({ active: false }), ['RemoveHostFiles', 'ReleaseNetwork']);
    assert.deepEqual(plan({ active: false, hostFiles: false }), ['ReleaseNetwork']);
  });
});

import assert from 'node:assert/strict';
import { findCondition, isTrue, READY } from '../../src/api/conditions.ts';
import { attribute, elements, first, parseXml } from '../../src/api/xml.ts';
import type { World } from '../controllers/fakes.ts';
import type { Daemon } from './daemon.ts';
import { has, hosts } from './entries.ts';
import { NETWORK, type Outsider } from './outsider.ts';

/** Reasons that say what is wrong with the world or with a manifest; all others would be faults of k8slab's own. */
const EXPLAINED = new Set([
  'Ready',
  'Active',
  'Stored',
  'Written',
  'Stopped',
  'Conflict',
  'MACInUse',
  'AddressInUse',
  'ForwardDiffers',
  'RolloutWaiting',
  // A guest of others with its MAC address has its address.
  'HostKeyMismatch',
]);

/** Settles the world, and holds it to what must be so whatever happened. */
export async function checkWorld(world: World, daemon: Daemon, outsider: Outsider): Promise<void> {
  const settled = await daemon.settle();
  const calls = world.calls.length;
  assert.ok(settled, `it never settles: ${world.calls.slice(-30).join(', ')}`);
  checkForeign(world, outsider);
  checkTwice(world);
  checkReasons(daemon);
  checkDisks(world, daemon);
  await daemon.round();
  assert.deepEqual(world.calls.slice(calls), [], 'what is settled stays as it is');
}

function checkForeign(world: World, { documents, entries }: Outsider): void {
  for (const [name, document] of documents) assert.equal(world.domains.get(name)?.xml, document);
  const { config, live } = world.networks.get(NETWORK) ?? {};
  for (const entry of entries) {
    if (entry.config) assert.ok(has(config, entry), `the definition still has ${entry.xml}`);
    // A live-only entry ends with the network that it was in, whoever stops that.
    if (entry.live && !world.calls.includes(`destroyNetwork ${NETWORK}`))
      assert.ok(has(live, entry), `the running network still has ${entry.xml}`);
  }
}

/** No address, MAC address or name of a reservation twice, on either side; no pod network twice. */
function checkTwice(world: World): void {
  const { config, live } = world.networks.get(NETWORK) ?? {};
  for (const text of [config, live])
    for (const key of ['ip', 'mac', 'name'])
      once(
        hosts(text, 'ip-dhcp-host').map((host) => attribute(host, key)),
        key,
      );
  const mark = first(first(parseXml(config ?? '<network/>'), 'metadata'), 'k8slab:object');
  once(
    elements(mark, 'k8slab:entry').map((entry) => attribute(entry, 'podCIDR')),
    'pod network',
  );
  once(
    elements(mark, 'k8slab:entry').map((entry) => attribute(entry, 'ip')),
    'address of the mark',
  );
  once(
    world.leases.map(({ ip }) => ip),
    'leased address',
  );
}

function once(values: readonly (string | undefined)[], what: string): void {
  const given = values.filter((value) => value !== undefined);
  assert.deepEqual(given, [...new Set(given)], `no ${what} twice`);
}

function checkReasons({ bed }: Daemon): void {
  for (const { kind, metadata, status } of bed.store.all()) {
    const { reason = 'nothing', message = '' } = findCondition(status.conditions, READY) ?? {};
    // Whoever set the policy is told what it keeps from happening.
    const told = isTrue(status.conditions, 'RestartRequired');
    assert.ok(told || EXPLAINED.has(reason), `${kind}/${metadata.name} is ${reason}: ${message}`);
  }
}

function checkDisks(world: World, { deletable }: Daemon): void {
  for (const node of world.calls.filter((call) => call.startsWith('removeDisk '))) {
    const name = node.slice('removeDisk '.length);
    assert.ok(deletable.has(name), `the disk of ${name} was not to be deleted`);
  }
}

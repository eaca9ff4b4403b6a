import assert from 'node:assert/strict';
import type { Kind } from '../../src/api/meta.ts';
import type { NodeSpec } from '../../src/api/node/spec.ts';
import { isLeftAlone } from '../../src/api/ipam/names.ts';
import { MARK_NAMESPACE } from '../../src/api/ownership/mark.ts';
import type { ObjectOf } from '../../src/controllers/objects.ts';
import { findCondition, isTrue, READY } from '../../src/api/conditions.ts';
import { attribute, elements, first, parseXml } from '../../src/api/xml.ts';
import { rawLibvirt, type World } from '../controllers/fakes.ts';
import type { Daemon } from './daemon.ts';
import { has, hosts } from './entries.ts';
import { handle } from './hands.ts';
import { NETWORK } from './manifests.ts';
import type { Outsider } from './outsider.ts';
import { NODES } from './steps.ts';

/** Reasons that say what is wrong with the world or with a manifest; all others would be faults of k8slab's own. */
const EXPLAINED: Readonly<Record<string, (about: About) => boolean>> = {
  Ready: always,
  Active: always,
  Stored: always,
  Written: always,
  Stopped: always,
  Conflict: always,
  MACInUse: always,
  AddressInUse: always,
  ForwardDiffers: always,
  // A guest of others with its MAC address has its address.
  HostKeyMismatch: always,
  // policy.adopt of what is not there, and of a guest that k8slab made.
  DomainNotFound: always,
  NoAddress: ({ object }) => object.kind === 'Node' && isLeftAloneIn(object.spec as NodeSpec),
  // Whoever holds a guest resumes it.
  NotRunning: (about) => about.world.domains.get(about.name)?.state === 'paused' || isLeft(about),
  // Whoever set the policy is told what it leaves as it is.
  Drifted: ({ object }) => 'policy' in object.spec && driftOf(object) === 'Report',
  NotActive: isLeft,
  NetworkNotReady: ({ daemon }) => isDrifted(daemon),
  ReservationNotLive: ({ daemon }) => isDrifted(daemon),
  ReservationDiffers: ({ daemon }) => isDrifted(daemon),
  RolloutWaiting: ({ object, daemon }) => hasUnreadyPeer(object, daemon),
  // What a restart failed with was made to fail, and waits for an edit.
  RestartFailed: ({ daemon }) => daemon.failed(),
};

interface About {
  readonly world: World;
  readonly daemon: Daemon;
  readonly name: string;
  readonly object: ObjectOf<Kind>;
}

function isLeftAloneIn(spec: NodeSpec): boolean {
  return spec.networks.every((attachment) => isLeftAlone(spec, attachment));
}

function always(): boolean {
  return true;
}

/** Whether its policy leaves it as others made it, and it says so. */
function isLeft({ object }: About): boolean {
  return driftOf(object) === 'Report' && isTrue(object.status.conditions, 'Drifted');
}

function driftOf({ kind, spec }: ObjectOf<Kind>): string | undefined {
  return kind === 'Network' || kind === 'Node' ? (spec as NodeSpec).policy.drift : undefined;
}

/** Whether its policy leaves the network as others made it. */
function isDrifted({ bed }: Daemon): boolean {
  return bed.store
    .list('Network')
    .some(({ status }) => status.conditions.some(({ reason }) => reason === 'Drifted'));
}

function hasUnreadyPeer(object: ObjectOf<Kind>, { bed }: Daemon): boolean {
  if (object.kind !== 'Node') return false;
  const { role } = object.spec as NodeSpec;
  return bed.store
    .list('Node')
    .some((node) => node !== object && node.spec.role === role && !isTrue(node.status.conditions, READY));
}

/** Settles the world, and holds it to what must be so whatever happened. */
export async function checkWorld(world: World, daemon: Daemon, outsider: Outsider): Promise<void> {
  const settled = await daemon.settle();
  const calls = world.calls.length;
  assert.ok(settled, `it never settles: ${world.calls.slice(-30).join(', ')}`);
  checkForeign(world, outsider);
  checkTwice(world);
  checkReasons(world, daemon);
  await daemon.round();
  assert.deepEqual(world.calls.slice(calls), [], 'what is settled stays as it is');
  await checkReported(world, daemon);
  await checkCleared(world, daemon, outsider);
}

/** What others do to a guest whose policy is to tell of it stays as they did it, and is told. */
async function checkReported(world: World, daemon: Daemon): Promise<void> {
  const reported = daemon.bed.store
    .list('Node')
    .filter((node) => isSettled(node) && driftOf(node) === 'Report');
  const raw = rawLibvirt(world);
  for (const { metadata } of reported)
    for (const hand of ['edit', 'autostart', 'destroy'] as const) handle(world, hand, metadata.name);
  const documents = new Map(reported.map(({ metadata: { name } }) => [name, raw.dom(name)]));
  const texts = new Map(reported.map(({ metadata: { name } }) => [name, world.domains.get(name)?.xml]));
  for (let round = 0; round < 2; round += 1) await daemon.round();
  for (const { metadata } of reported) {
    const { name } = metadata;
    assert.deepEqual(raw.dom(name), documents.get(name), `policy.drift is Report: ${name} stays as it is`);
    assert.equal(
      world.domains.get(name)?.xml,
      texts.get(name),
      `policy.drift is Report: ${name} stays defined so`,
    );
    const { status } = daemon.bed.object('Node', name);
    assert.ok(isTrue(status.conditions, 'Drifted'), `it is told that ${name} was changed`);
  }
}

/** A guest of others whose disk is not there is not taken over: what they do to it is theirs. */
function isSettled({ spec, status: { state, conditions } }: ObjectOf<'Node'>): boolean {
  const isWhole = isTrue(conditions, READY) && !isTrue(conditions, 'DiskMissing');
  return spec.power === 'Running' && state === 'running' && isWhole;
}

/** Without manifests nothing of k8slab's is left, neither in the world nor in its memory. */
async function checkCleared(world: World, daemon: Daemon, outsider: Outsider): Promise<void> {
  const raw = rawLibvirt(world);
  outsider.leave();
  await daemon.clear();
  assert.ok(await daemon.settle(2), 'it never settles without manifests');
  // A guest that was adopted is let go and runs on; its network stays for as long.
  outsider.leave();
  assert.ok(await daemon.settle(2), 'it never settles without any guest');
  const left = daemon.bed.store.all().map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  assert.deepEqual(left, ['Vmhost/vmhost'], 'every object is gone');
  assert.deepEqual(
    [...daemon.remembered()].filter((ref) => !left.includes(ref)),
    [],
    'nothing is remembered of what is gone',
  );
  assert.deepEqual(
    NODES.filter((name) => daemon.bed.busy(name)),
    [],
    'nothing goes on for what is gone',
  );
  assert.equal(daemon.bed.clock.pendingTimers(), 0, 'nobody waits for what is gone');
  const marked = raw.doms().filter(({ name }) => raw.xml(name, { inactive: true }).includes(MARK_NAMESPACE));
  assert.deepEqual(
    marked.map(({ name }) => name),
    [],
    'no guest is left',
  );
  assert.deepEqual(
    raw.nets().map(({ name }) => name),
    [],
    'no network is left',
  );
  assert.deepEqual(
    [...world.files.keys()].filter((path) => path.startsWith('/seeds/')),
    [],
    'no seed is left',
  );
  assert.deepEqual(
    [...world.hostFiles.keys(), ...world.leftovers, ...world.parked.keys()],
    [],
    'no file is left',
  );
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

function checkReasons(world: World, daemon: Daemon): void {
  for (const object of daemon.bed.store.all()) {
    const { kind, metadata, status } = object;
    const { reason = 'nothing', message = '' } = findCondition(status.conditions, READY) ?? {};
    const { name } = metadata;
    // Whoever set the policy is told what it keeps from happening.
    const told = isTrue(status.conditions, 'RestartRequired');
    const explained = EXPLAINED[reason]?.({ world, daemon, name, object }) ?? false;
    assert.ok(told || explained, `${kind}/${name} is ${reason}: ${message}`);
  }
}

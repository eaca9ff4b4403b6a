import assert from 'node:assert/strict';
import type { Snapshot } from '../../src/api/manifest/snapshot.ts';
import { isRemoved, type Kind } from '../../src/api/meta.ts';
import { entryOf } from '../../src/api/ipam/by-node.ts';
import { parseDomain } from '../../src/api/libvirt/domain.ts';
import type { Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import type { ObjectOf } from '../../src/controllers/objects.ts';
import { NETWORK } from './manifests.ts';

/** What the manifests that are in force allow, held against each call that changes the world. */
export interface Policies {
  /** The daemon has read these manifests. */
  loaded(snapshot: Snapshot): void;
  /** Before a pass over an object. @returns what judges the calls of that pass */
  before(bed: Bed, kind: Kind, name: string): (calls: readonly string[]) => void;
}

/** A call as the world notes it: `shutdownDomain a`, `setLink down a`. */
interface Call {
  readonly verb: string;
  readonly subject: string;
}

/** A world at the beginning of a pass. */
interface Moment {
  readonly documents: ReadonlyMap<string, string>;
  /** The guest of that name has not the address that is reserved for it. */
  readonly isAway: (node: string) => boolean;
  readonly condemned: boolean;
}

const STOPS = new Set(['shutdownDomain', 'destroyDomain']);
const MOVES = new Set(['setLink down', 'renewLease']);

export function createPolicies(world: World): Policies {
  const reclaims = new Map<string, 'Retain' | 'Delete'>();
  /** Guests whose stop was begun when it was allowed: it is brought to its end. */
  const stopping = new Set<string>();

  function ofNode(node: ObjectOf<'Node'>, { verb, subject }: Call, moment: Moment): string | undefined {
    const { name } = node.metadata;
    const { power, policy } = node.spec;
    const removed = isRemoved(node);
    if (verb === 'removeDisk') {
      if (!removed || reclaims.get(name) !== 'Delete') return 'no manifest said that it may go';
    } else if (verb === 'undefineDomain') {
      if (!removed) return 'its manifest is there';
    } else if (STOPS.has(verb)) {
      const allowed =
        removed ||
        power === 'Stopped' ||
        policy.restart === 'OnAnyChange' ||
        (policy.restart === 'OnAddressChange' && moment.isAway(name)) ||
        stopping.has(name);
      if (!allowed) return `policy.restart is ${policy.restart}`;
      stopping.add(name);
    } else if (MOVES.has(verb)) {
      if (!moment.isAway(name)) return 'it has the address that is reserved for it';
    } else if (verb === 'rebootDomain') return 'no Node asks for that';
    if (!verb.endsWith('Domain') && !verb.startsWith('setLink')) return undefined;
    if (subject !== name) return 'it is the guest of another';
    const document = moment.documents.get(name);
    const foreign = document !== undefined && !isMarked(document);
    return foreign && !policy.adopt ? 'it is the guest of others' : undefined;
  }

  function ofNetwork(
    network: ObjectOf<'Network'>,
    { verb, subject }: Call,
    moment: Moment,
  ): string | undefined {
    const { restart } = network.spec.policy;
    if (verb === 'destroyNetwork' && restart === 'Never' && !isRemoved(network))
      return 'policy.restart is Never';
    if (STOPS.has(verb)) return 'no Network stops a guest';
    if (verb !== 'rebootDomain') return undefined;
    if (restart !== 'RestartGuests') return `policy.restart is ${restart}`;
    return isMarked(moment.documents.get(subject) ?? '') ? undefined : 'it is the guest of others';
  }

  return {
    loaded({ objects }) {
      for (const object of objects)
        if (object.kind === 'Node') reclaims.set(object.name, object.spec.policy.reclaim);
    },
    before(bed, kind, name) {
      for (const each of stopping) if (world.domains.get(each)?.state !== 'running') stopping.delete(each);
      const object = bed.store.get(kind, name);
      const moment = momentOf(world, bed, `${kind}/${name}`);
      return (calls) => {
        for (const text of calls) {
          const call = callOf(text);
          if (moment.condemned && DISRUPTIVE.has(call.verb))
            assert.fail(`${text}: manifests contradict each other`);
          const wrong =
            object?.kind === 'Node'
              ? ofNode(object as ObjectOf<'Node'>, call, moment)
              : object?.kind === 'Network'
                ? ofNetwork(object as ObjectOf<'Network'>, call, moment)
                : undefined;
          assert.equal(wrong, undefined, `${kind}/${name}: ${text}`);
        }
      };
    },
  };
}

const DISRUPTIVE = new Set([...STOPS, ...MOVES, 'rebootDomain', 'destroyNetwork', 'removeDisk']);

function callOf(text: string): Call {
  const words = text.split(' ');
  return { verb: words.slice(0, -1).join(' '), subject: words.at(-1) ?? '' };
}

function momentOf({ domains, leases }: World, bed: Bed, ref: string): Moment {
  const documents = new Map([...domains].map(([name, { xml }]) => [name, xml]));
  const leased = new Map(leases.map(({ mac, ip }) => [mac, ip]));
  return {
    documents,
    isAway(node) {
      const entry = entryOf(bed.store.get('Network', NETWORK)?.status.entries, node);
      return entry === undefined || leased.get(entry.mac) !== entry.ip;
    },
    condemned: bed.condemned.has(ref),
  };
}

function isMarked(document: string): boolean {
  return document !== '' && parseDomain(document).model.mark !== undefined;
}

import type { ObjectOf } from '../api/meta.ts';
import { mapAtOnce } from '../drivers/at-once.ts';
import type { Client } from './client.ts';
import { checkBalancer } from './verify/balancers.ts';
import { checkInGuests } from './verify/guests.ts';
import type { Check, Objects, VerifyWorld, Wanted, WantedGuest } from './verify/types.ts';
import { checkNetwork, checkOnVmhost, shareLooks, type Shared } from './verify/vmhost.ts';

/** Guests that are looked at from the vmhost at once: mostly questions to DNS. */
const AT_ONCE = 32;

export interface Verified {
  readonly checks: readonly Check[];
  readonly seconds: number;
}

/** What the manifests ask for, which is what the world is held against. */
export async function fetchObjects(client: Client): Promise<Objects> {
  const [nodes, networks, balancers] = await Promise.all(
    ['nodes', 'networks', 'loadbalancers'].map(
      async (plural) => ((await client.get(plural)) as { items: readonly unknown[] }).items,
    ),
  );
  return {
    nodes: nodes as readonly ObjectOf<'Node'>[],
    networks: networks as readonly ObjectOf<'Network'>[],
    balancers: balancers as readonly ObjectOf<'LoadBalancer'>[],
  };
}

/** Where libvirt does not answer, guests may all the same. */
async function isOn({ domains }: Shared): Promise<(guest: WantedGuest) => boolean> {
  const states = await domains().catch(() => undefined);
  // Those elsewhere are pinged, and not logged in to.
  return ({ name, elsewhere }) =>
    elsewhere !== undefined || states === undefined || states.get(name) === 'running';
}

/** Looks at everything that is wanted, as a person would. One that fails holds up no other. */
export async function verify(world: VerifyWorld, wanted: Wanted): Promise<Verified> {
  const since = world.now();
  const shared = shareLooks(world);
  const { guests, all } = wanted;
  const [networks, outside, inside, balancers] = await Promise.all([
    Promise.all(wanted.networks.map((name) => checkNetwork(world, shared, name))),
    mapAtOnce(guests, AT_ONCE, (guest) => checkOnVmhost(world, shared, guest)),
    isOn(shared).then((on) => checkInGuests(world, { guests, all, isOn: on })),
    Promise.all(wanted.balancers.map((balancer) => checkBalancer(world, balancer))),
  ]);
  const perGuest = guests.flatMap((guest, index) => [
    ...(outside[index] ?? []),
    ...(inside.get(guest.name) ?? []),
  ]);
  const checks = [...networks, ...perGuest, ...balancers.flat()];
  return { checks, seconds: Math.round(world.now() - since) / 1000 };
}

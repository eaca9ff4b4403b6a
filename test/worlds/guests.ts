import { attribute, elements, first, parseXml } from '../../src/api/xml.ts';
import type { FakeDomain } from '../libvirt/state.ts';
import { rawLibvirt, type World } from '../controllers/fakes.ts';

const ANSWER = { code: 0, stdout: '{"v1": {"errors": []}}', stderr: '' };

/** What guests do of themselves: they shut down when they are asked to, boot, get their leases, and answer. */
export interface Guests {
  /** Does what is due since the last time. */
  act(): void;
  /** The calls so far are gone from the world. */
  forget(): void;
}

export function createGuests(world: World): Guests {
  let seen = 0;
  const booted = new Map<string, string | undefined>();

  function obey(): void {
    const raw = rawLibvirt(world);
    for (const call of world.calls.slice(seen)) {
      const [what = '', name = ''] = call.split(' ');
      const domain = world.domains.get(name);
      if (what === 'shutdownDomain' && domain?.state === 'running') raw.powerOff(name);
      if (what === 'renewLease') renew(world.leases.find(({ ip }) => ip === name)?.mac);
      if (call.startsWith('setLink up ')) for (const nic of nicsOf(world, call.slice(11))) lease(world, nic);
    }
    seen = world.calls.length;
  }
  function renew(mac: string | undefined): void {
    for (const name of booted.keys())
      for (const nic of nicsOf(world, name)) if (nic.mac === mac) lease(world, nic);
  }
  return {
    forget: () => void (seen = 0),
    act() {
      obey();
      world.guests.clear();
      world.shown.clear();
      for (const name of booted.keys()) if (!world.domains.has(name)) booted.delete(name);
      for (const [name, domain] of world.domains) {
        if (domain.state !== 'running') booted.delete(name);
        else if (booted.get(name) !== domain.live) {
          booted.set(name, domain.live);
          for (const nic of nicsOf(world, name)) lease(world, nic);
        }
      }
      // Whoever lost its lease asks again.
      const known = new Set(world.leases.map(({ mac }) => mac));
      for (const name of booted.keys())
        for (const nic of nicsOf(world, name)) if (!known.has(nic.mac)) lease(world, nic);
      const leased = new Map(world.leases.map(({ mac, ip }) => [mac, ip]));
      for (const name of booted.keys())
        for (const { mac } of nicsOf(world, name)) {
          const ip = leased.get(mac);
          if (ip === undefined) continue;
          world.guests.set(ip, ANSWER);
          world.shown.set(ip, `ssh-ed25519 AAAA${name}`);
        }
    },
  };
}

/** As dnsmasq gives it: never an address that another machine has leased (F15). */
function lease(world: World, { mac, network }: Nic): void {
  if (network === undefined) return;
  const others = new Set(world.leases.filter((each) => each.mac !== mac).map(({ ip }) => ip));
  const reserved = world.dnsmasqs.reservation(network, mac);
  const ip =
    reserved !== undefined && !others.has(reserved)
      ? reserved
      : world.dnsmasqs.offer(network, `no ${mac}`, others);
  if (ip === undefined) return;
  world.leases.splice(0, world.leases.length, ...world.leases.filter((each) => each.mac !== mac));
  world.leases.push({ mac, ip, expiry: 0 });
}

interface Nic {
  readonly mac: string;
  readonly network: string | undefined;
}

const known = new WeakMap<FakeDomain, { readonly text: string; readonly nics: Nic[] }>();

function nicsOf({ domains }: World, name: string): Nic[] {
  const domain = domains.get(name);
  if (domain === undefined) return [];
  const text = domain.live ?? domain.xml;
  const before = known.get(domain);
  if (before?.text === text) return before.nics;
  const nics = elements(first(parseXml(text), 'devices'), 'interface').map((nic) => ({
    mac: (attribute(first(nic, 'mac'), 'address') ?? '').toLowerCase(),
    network: attribute(first(nic, 'source'), 'network'),
  }));
  known.set(domain, { text, nics });
  return nics;
}

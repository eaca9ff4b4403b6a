import { ReasonedError } from '../../src/api/errors.ts';
import { CONFIG_ACCESS, type ObservedHaproxy } from '../../src/api/load-balancer/plan.ts';
import type { Haproxy } from '../../src/drivers/haproxy.ts';
import type { Packages } from '../../src/drivers/packages.ts';
import { changes, fails, later, type FakeHaproxy, type World } from './fakes.ts';

export const NO_HAPROXY: ObservedHaproxy = {
  installed: false,
  busy: false,
  pristine: false,
  active: false,
  enabled: false,
  ports: [],
  selinux: false,
};

/** A guest whose image has HAProxy, as a Debian package leaves it. */
export const FRESH_HAPROXY: ObservedHaproxy = {
  ...NO_HAPROXY,
  installed: true,
  version: '2.6.12',
  config: { sha256: 'package', access: 'root:root 644' },
  pristine: true,
};

/** A guest without an entry in `world.haproxies` does not answer. */
export function fakeHaproxy(world: World): Haproxy {
  const at = (address: string): FakeHaproxy => {
    const found = world.haproxies.get(address);
    if (found === undefined) throw new ReasonedError('Unreachable', `cannot reach guest "${address}"`);
    return found;
  };
  return {
    look: later(({ address }: { address: string }) => {
      fails(world, 'look');
      const { observed, stats } = at(address);
      return { haproxy: observed, ...(stats === undefined ? {} : { stats }) };
    }),
    apply: later(({ address }: { address: string }, { text, sha256, ports }) => {
      changes(world, 'apply', address);
      const guest = at(address);
      const config = { sha256, access: CONFIG_ACCESS };
      guest.observed = { ...guest.observed, config, written: sha256, active: true, ports: [22, ...ports] };
      guest.text = text;
    }),
    enable: later(({ address }: { address: string }) => {
      changes(world, 'enable', address);
      at(address).observed = { ...at(address).observed, enabled: true };
    }),
    startOrReload: later(({ address }: { address: string }, ports: readonly number[]) => {
      changes(world, 'startOrReload', address);
      at(address).observed = { ...at(address).observed, active: true, ports };
    }),
    labelPorts: later(({ address }: { address: string }) => changes(world, 'labelPorts', address)),
  };
}

export function fakePackages(world: World): Packages {
  return {
    install: later(({ address }: { address: string }, name: string) => {
      changes(world, 'install', `${name} ${address}`);
      world.haproxies.set(address, { observed: FRESH_HAPROXY, text: '' });
    }),
    update: later(({ address }: { address: string }) => {
      changes(world, 'update', address);
      return { rebootRequired: false };
    }),
  };
}

export function fakeSecret(world: World, path: string): Promise<string> {
  const found = world.files.get(path);
  if (found !== undefined) return Promise.resolve(found);
  return Promise.reject(new ReasonedError('SecretNotFound', `cannot read secret "${path}"`));
}

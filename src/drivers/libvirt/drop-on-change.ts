import type { CallOptions, Libvirt, UndefineOptions } from '../libvirt.ts';
import { nameIn } from '../virsh/temp-files.ts';
import type { DomainParts } from './domain-cache.ts';

/** Drops what is known of what was changed. */
export interface Drop {
  readonly domain: (name: string, parts: DomainParts) => void;
  readonly network: (name: string) => void;
  /** The running side of the guests on a network. */
  readonly guestsOf: (network: string) => void;
}

/** What is known of an object no longer holds once a call about it has ended, well or not. */
export function dropOnChange(libvirt: Libvirt, drop: Drop): Libvirt {
  function domain<A extends readonly [string, ...unknown[]]>(
    parts: DomainParts,
    call: (...args: A) => Promise<void>,
  ): (...args: A) => Promise<void> {
    return (...args) => call(...args).finally(() => drop.domain(args[0], parts));
  }
  function network<A extends readonly [string, ...unknown[]]>(
    call: (...args: A) => Promise<void>,
    also?: (name: string) => void,
  ): (...args: A) => Promise<void> {
    return (...args) =>
      call(...args).finally(() => {
        drop.network(args[0]);
        also?.(args[0]);
      });
  }
  return {
    ...libvirt,
    defineDomain: (xml) => libvirt.defineDomain(xml).finally(() => drop.domain(nameIn(xml), 'all')),
    startDomain: domain('live', (name: string) => libvirt.startDomain(name)),
    shutdownDomain: domain('live', (name: string) => libvirt.shutdownDomain(name)),
    destroyDomain: domain('live', (name: string) => libvirt.destroyDomain(name)),
    rebootDomain: domain('live', (name: string, options?: CallOptions) =>
      libvirt.rebootDomain(name, options),
    ),
    setLink: domain('all', (...link: Parameters<Libvirt['setLink']>) => libvirt.setLink(...link)),
    growDisk: domain('all', (...disk: Parameters<Libvirt['growDisk']>) => libvirt.growDisk(...disk)),
    undefineDomain: domain('all', (name: string, options: UndefineOptions) =>
      libvirt.undefineDomain(name, options),
    ),
    setDomainAutostart: domain('state', (name: string, on: boolean) => libvirt.setDomainAutostart(name, on)),
    beginBackup: domain('live', (name: string, xml: string) => libvirt.beginBackup(name, xml)),
    abortDomainJob: domain('live', (name: string) => libvirt.abortDomainJob(name)),
    defineNetwork: (xml, options) =>
      libvirt.defineNetwork(xml, options).finally(() => drop.network(nameIn(xml))),
    startNetwork: network(
      (name: string, options?: CallOptions) => libvirt.startNetwork(name, options),
      drop.guestsOf,
    ),
    destroyNetwork: network(
      (name: string, options?: CallOptions) => libvirt.destroyNetwork(name, options),
      drop.guestsOf,
    ),
    undefineNetwork: network((name: string) => libvirt.undefineNetwork(name)),
    setNetworkAutostart: network((name: string, on: boolean) => libvirt.setNetworkAutostart(name, on)),
    updateNetwork: (update) => libvirt.updateNetwork(update).finally(() => drop.network(update.network)),
  };
}

import { VirshError, type VirshReason } from '../../src/drivers/virsh/errors.ts';
import type { DomainJob, DomainListing, Libvirt, NetworkUpdate } from '../../src/drivers/libvirt.ts';
import type { DomainXmlOptions } from '../../src/drivers/virsh/domains.ts';
import { isOff, rawDomains, type RawDomain, type RawDomains, type UndefineFlags } from './domains.ts';
import { rawNetworks, type RawNetworks } from './networks.ts';
import { rawSaves, type RawSaves } from './saves.ts';
import type { DoubleOptions, LibvirtState } from './state.ts';

/** virsh's commands, as a libvirt in memory answers them. */
export type RawLibvirt = RawNetworks & RawDomains & RawSaves;

export function createRaw(state: LibvirtState, options: DoubleOptions = {}): RawLibvirt {
  return { ...rawNetworks(state, options), ...rawDomains(state, options), ...rawSaves(state, options) };
}

export interface DriverOptions extends DoubleOptions {
  readonly capabilities: () => string;
  /** Before each call; may throw. `mutates`: it changes libvirt. */
  readonly onCall: (call: string, subject: string, mutates: boolean) => void;
  readonly growDisk?: (name: string, size: number) => void;
  /** The job that a domain has now; none by default. */
  readonly job?: (name: string) => DomainJob;
}

/** The driver over a libvirt in memory: what is already as wanted is success, as in src/drivers/virsh. */
export function createDouble(state: LibvirtState, options: DriverOptions): Libvirt {
  const raw = createRaw(state, options);
  const { reads, changes } = wrappers(options);
  return {
    version: reads('version', () => options.version ?? '9.0.0'),
    capabilities: reads('capabilities', options.capabilities),
    ...networkCalls(raw, { reads, changes }),
    ...domainCalls(raw, state, { reads, changes }, options),
    events(onEvent) {
      state.listeners.add(onEvent);
      onEvent({ kind: 'lost', since: 'start' });
      return {
        dispose() {
          state.listeners.delete(onEvent);
          return Promise.resolve();
        },
      };
    },
    dispose: () => Promise.resolve(),
  };
}

interface Wrappers {
  /** A call that changes nothing; never throws at once. */
  readonly reads: <A extends readonly unknown[], R>(
    name: string,
    call: (...args: A) => R,
  ) => (...args: A) => Promise<R>;
  /** A call whose first argument names what it changes. */
  readonly changes: <A extends readonly unknown[], R>(
    name: string,
    call: (...args: A) => R,
    subject?: (...args: A) => string,
  ) => (...args: A) => Promise<R>;
}

function wrappers({ onCall }: DriverOptions): Wrappers {
  return {
    reads:
      (name, call) =>
      (...args) =>
        Promise.resolve().then(() => {
          onCall(name, typeof args[0] === 'string' ? args[0] : '', false);
          return call(...args);
        }),
    changes:
      (name, call, subject = (...args) => String(args[0])) =>
      (...args) =>
        Promise.resolve().then(() => {
          onCall(name, subject(...args), true);
          return call(...args);
        }),
  };
}

type NetworkCalls = Pick<
  Libvirt,
  | 'networks'
  | 'networkXml'
  | 'defineNetwork'
  | 'startNetwork'
  | 'destroyNetwork'
  | 'undefineNetwork'
  | 'setNetworkAutostart'
  | 'updateNetwork'
>;

function networkCalls(raw: RawNetworks, { reads, changes }: Wrappers): NetworkCalls {
  const listed = (name: string): boolean | undefined => raw.nets().find((net) => net.name === name)?.active;
  return {
    networks: reads('networks', () => raw.nets().toSorted((a, b) => (a.name < b.name ? -1 : 1))),
    networkXml: reads('networkXml', (name: string, options: { inactive: boolean }) =>
      known(() => raw.netXml(name, options)),
    ),
    defineNetwork: changes('defineNetwork', (xml: string) => raw.netDefine(xml), nameIn),
    startNetwork: changes('startNetwork', (name: string) =>
      unless(listed(name) === true, () => raw.netStart(name)),
    ),
    destroyNetwork: changes('destroyNetwork', (name: string) =>
      unless(listed(name) !== true, () => raw.netDestroy(name)),
    ),
    undefineNetwork: changes('undefineNetwork', (name: string) => known(() => raw.netUndefine(name))),
    setNetworkAutostart: changes('setNetworkAutostart', (name: string, on: boolean) =>
      raw.netAutostart(name, on),
    ),
    updateNetwork: changes(
      'updateNetwork',
      (update: NetworkUpdate) => unless(!update.live && !update.config, () => raw.netUpdate(update)),
      ({ network }) => network,
    ),
  };
}

type DomainCalls = Omit<Libvirt, keyof NetworkCalls | 'version' | 'capabilities' | 'events' | 'dispose'>;

function domainCalls(
  raw: RawDomains,
  state: LibvirtState,
  { reads, changes }: Wrappers,
  options: DriverOptions,
): DomainCalls {
  const off = (name: string): boolean => {
    const domain = state.domains.get(name);
    return domain === undefined || isOff(domain);
  };
  return {
    domains: reads('domains', () =>
      raw
        .doms()
        .map(listing)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ),
    domainListing: reads('domainListing', (name: string) => {
      const found = raw.dom(name);
      return found && listing(found);
    }),
    domainXml: reads('domainXml', (name: string, { inactive, secrets }: DomainXmlOptions) =>
      known(() => raw.xml(name, { inactive, security: secrets === true })),
    ),
    setDomainAutostart: changes('setDomainAutostart', (name: string, on: boolean) => raw.autostart(name, on)),
    defineDomain: changes('defineDomain', (xml: string) => raw.define(xml), nameIn),
    startDomain: changes('startDomain', (name: string) =>
      unless(state.domains.has(name) && !off(name), () => raw.start(name)),
    ),
    // The guest decides when: tests call powerOff of the raw double.
    shutdownDomain: changes('shutdownDomain', () => undefined),
    rebootDomain: changes('rebootDomain', () => undefined),
    destroyDomain: changes('destroyDomain', (name: string) => unless(off(name), () => raw.destroy(name))),
    growDisk: changes('growDisk', (name: string, _target: string, size: number) =>
      options.growDisk?.(name, size),
    ),
    setLink: (name, mac, link) =>
      changes(
        `setLink ${link}`,
        () => raw.setLink(name, mac, link),
        () => name,
      )(),
    undefineDomain: changes('undefineDomain', (name: string, flags: UndefineFlags) =>
      known(() => raw.undefine(name, flags)),
    ),
    hasManagedSave: reads('hasManagedSave', (name: string) => state.saved.has(name)),
    beginBackup: changes('beginBackup', () => undefined),
    domainJob: reads('domainJob', (name: string) => options.job?.(name) ?? { state: 'none' as const }),
    abortDomainJob: changes('abortDomainJob', () => undefined),
  };
}

function listing({ transient, autostart, ...domain }: RawDomain): DomainListing {
  return { ...domain, ...(transient ? { transient } : {}), ...(autostart ? { autostart } : {}) };
}

function nameIn(xml: string): string {
  return /<name>\s*([^<]*?)\s*<\/name>/.exec(xml)?.[1] ?? '';
}

/** What is not there is undefined, not an error. */
function known<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    const reason: VirshReason | undefined = error instanceof VirshError ? error.reason : undefined;
    if (reason === 'NotFound') return undefined;
    throw error;
  }
}

function unless(fulfilled: boolean, call: () => void): void {
  if (!fulfilled) call();
}

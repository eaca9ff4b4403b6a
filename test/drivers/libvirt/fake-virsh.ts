import assert from 'node:assert/strict';
import { afterEach } from 'node:test';
import { createLibvirtCache, type LibvirtCache } from '../../../src/drivers/libvirt/cache.ts';
import type { LibvirtChange } from '../../../src/drivers/libvirt/view.ts';
import type { ChildHandle } from '../../../src/drivers/exec.ts';
import { createLibvirt, VirshError, type Virsh } from '../../../src/drivers/libvirt.ts';
import { createFakeClock, type FakeClock } from '../../engine/fake-clock.ts';

export interface FakeDomain {
  uuid: string;
  state: 'running' | 'shut off';
  xml: string;
  transient?: true;
  autostart?: true;
}

export interface FakeNetwork {
  uuid: string;
  active: boolean;
  xml: string;
}

/** A virsh in memory, which notes every call and can hold answers back. */
export interface FakeVirsh extends Virsh {
  readonly domains: Map<string, FakeDomain>;
  readonly networks: Map<string, FakeNetwork>;
  /** `op [name]` of every call since it was last emptied. */
  readonly calls: string[];
  /** Calls that fail, by `op` or `op name`. */
  readonly broken: Map<string, Error>;
  /** Each call waits for this before it answers what was true when it was made. */
  gate: Promise<void>;
  /** A line of `event --loop`. */
  emit(line: string): void;
}

export function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

export function domainXml(name: string, nics = '', more = ''): string {
  return `<domain type='kvm'><name>${name}</name>${more}<devices>${nics}</devices></domain>`;
}

export function nicXml(mac: string, network: string, tap?: string): string {
  const target = tap === undefined ? '' : `<target dev='${tap}'/>`;
  return `<interface type='network'><mac address='${mac}'/><source network='${network}'/>${target}</interface>`;
}

export function createFakeVirsh(): FakeVirsh {
  const listeners: ((chunk: Buffer) => void)[] = [];
  const fake: FakeVirsh = {
    domains: new Map(),
    networks: new Map(),
    calls: [],
    broken: new Map(),
    gate: Promise.resolve(),
    emit: (line) => listeners.forEach((listener) => listener(Buffer.from(`${line}\n`))),
    async call(argv) {
      const answer = answerTo(fake, argv);
      await fake.gate;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    spawn: (argv) => listening(argv.includes('--all') ? listeners : []),
    dispose: () => Promise.resolve(),
  };
  return fake;
}

function listening(listeners: ((chunk: Buffer) => void)[]): ChildHandle {
  const ended = Promise.withResolvers<{ code: number }>();
  const handle: Partial<ChildHandle> = {
    onStdout: (listener) => void listeners.push(listener),
    onStderr: () => undefined,
    ended: ended.promise as ChildHandle['ended'],
    kill: () => ended.resolve({ code: 0 }),
  };
  return handle as ChildHandle;
}

function answerTo(fake: FakeVirsh, argv: readonly string[]): string | Error {
  const [op = ''] = argv;
  const name = argv[argv.findIndex((word) => word === '--domain' || word === '--network') + 1] ?? '';
  const subject = name === op ? '' : name;
  fake.calls.push(`${op} ${subject}`.trim());
  return fake.broken.get(op) ?? fake.broken.get(`${op} ${subject}`) ?? reply(fake, argv, subject);
}

function reply({ domains, networks }: FakeVirsh, argv: readonly string[], name: string): string | Error {
  const has = (word: string): boolean => argv.includes(word);
  const missing = new VirshError('NotFound', argv, { why: 'no such thing' });
  switch (argv[0]) {
    case 'list': {
      const all = [...domains].filter(
        ([, { transient, autostart }]) =>
          (!has('--transient') || transient === true) && (!has('--autostart') || autostart === true),
      );
      return all.map(([each, { uuid }]) => (has('--name') ? `${uuid} ${each}` : uuid)).join('\n');
    }
    case 'domstats':
      return [...domains]
        .map(([each, { state }]) => `Domain: '${each}'\n  state.state=${state === 'running' ? 1 : 5}\n`)
        .join('\n');
    case 'dominfo': {
      const found = domains.get(name);
      return found === undefined ? missing : `Name: ${name}\nUUID: ${found.uuid}\nState: ${found.state}\n`;
    }
    case 'dumpxml':
      return domains.get(name)?.xml ?? missing;
    case 'net-list': {
      const all = [...networks].filter(([, { active }]) => has('--all') || active);
      const listed = has('--autostart') ? [] : all;
      return listed.map(([each, { uuid }]) => (has('--name') ? each : uuid)).join('\n');
    }
    case 'net-info': {
      const [found, { uuid = '' } = {}] = [...networks].find(([, each]) => each.uuid === name) ?? [];
      return found === undefined ? missing : `Name: ${found}\nUUID: ${uuid}\n`;
    }
    case 'net-dumpxml':
      return networks.get(name)?.xml ?? missing;
    case 'capabilities':
      return '<capabilities/>';
    default:
      return '';
  }
}

/** A cache over a fake virsh; `told` has what it told of. */
export interface CacheBed {
  readonly virsh: FakeVirsh;
  readonly cache: LibvirtCache;
  readonly clock: FakeClock;
  readonly told: LibvirtChange[];
  domain(name: string): FakeDomain;
  /** Calls made by what `act` does. */
  calls(act: () => Promise<unknown>): Promise<string[]>;
}

export function createCacheBed(domains: Readonly<Record<string, Partial<FakeDomain>>> = {}): CacheBed {
  const virsh = createFakeVirsh();
  let count = 0;
  for (const [name, given] of Object.entries(domains)) {
    virsh.domains.set(name, {
      uuid: uuidOf((count += 1)),
      state: 'shut off',
      xml: domainXml(name),
      ...given,
    });
  }
  const clock = createFakeClock();
  const libvirt = createLibvirt({ virsh, xmlDir: '/nowhere', eventsSettleMs: 2 ** 30 });
  return {
    virsh,
    cache: createLibvirtCache({ libvirt, clock }),
    clock,
    told: [],
    domain(name) {
      const found = virsh.domains.get(name);
      assert.ok(found, name);
      return found;
    },
    async calls(act) {
      virsh.calls.length = 0;
      await act();
      return [...virsh.calls];
    },
  };
}

/** What a list of all domains calls, and one of all networks. */
export const LIST = ['list', 'domstats', 'list', 'list'];
export const NET_LIST = ['net-list', 'net-list', 'net-list', 'net-list', 'net-list'];

/** At the end of each test. */
export const disposals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose();
});

/** Watches until the test is over. */
export function watch(bed: CacheBed): CacheBed {
  const watching = bed.cache.watch((change) => bed.told.push(change));
  disposals.push(() => watching.dispose());
  return bed;
}

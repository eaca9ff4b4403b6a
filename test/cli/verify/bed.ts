import { ReasonedError } from '../../../src/api/errors.ts';
import type { HaproxyStats } from '../../../src/api/load-balancer/haproxy-stats.ts';
import type { DomainState } from '../../../src/drivers/libvirt.ts';
import type { SshTarget } from '../../../src/drivers/ssh.ts';
import type {
  InventoryHost,
  Verdict,
  VerifyWorld,
  Wanted,
  WantedGuest,
} from '../../../src/cli/verify/types.ts';
import { verify } from '../../../src/cli/verify.ts';

export function wantedGuest(name: string, number: number, more: Partial<WantedGuest> = {}): WantedGuest {
  return {
    name,
    role: 'master',
    user: 'centos',
    running: true,
    adopted: false,
    named: true,
    hostKey: `ssh-ed25519 ${name}`,
    places: [
      {
        network: 'k8s-net',
        gateway: '10.0.0.1',
        ip: `10.0.${number >> 8}.${number & 255}`,
        mac: `52:54:00:00:00:0${number % 10}`,
        hostnames: [`${name}.lab`],
      },
    ],
    ...more,
  };
}

export function wantedLabOf(...guests: readonly WantedGuest[]): Wanted {
  return { networks: ['k8s-net'], guests, all: guests, balancers: [] };
}

/** A lab in which all is as wanted; tests break it. */
export interface FakeLab {
  readonly domains: Map<string, DomainState>;
  readonly leases: { mac: string; ip: string; expires: string }[];
  /** Name to addresses, and address to names, with spaces between several. */
  readonly dns: Map<string, string>;
  /** What the vmhost's programs resolve. */
  readonly nss: Map<string, string>;
  hosts: string;
  readonly inventory: Map<string, InventoryHost>;
  /** Addresses at which no ssh answers. */
  readonly dead: Set<string>;
  /** Host name by address. */
  readonly hostnames: Map<string, string>;
  /** `ADDRESS:PORT` that take connections. */
  readonly open: Set<string>;
  stats: HaproxyStats | undefined;
  /** Commands by guest address: the script's words. */
  readonly asked: { address: string; words: readonly string[] }[];
  readonly looks: Map<string, number>;
  atOnce: number;
  mostAtOnce: number;
}

export function fakeLab(guests: readonly WantedGuest[]): FakeLab {
  const lab: FakeLab = {
    domains: new Map(guests.map(({ name, running }) => [name, running ? 'running' : 'shutoff'])),
    leases: [],
    dns: new Map(),
    nss: new Map(),
    hosts: '',
    inventory: new Map(),
    dead: new Set(),
    hostnames: new Map(),
    open: new Set(),
    stats: undefined,
    asked: [],
    looks: new Map(),
    atOnce: 0,
    mostAtOnce: 0,
  };
  for (const { name, role, places } of guests) {
    for (const {
      ip,
      mac,
      hostnames: [fqdn = ''],
    } of places) {
      lab.leases.push({ mac, ip, expires: '2026-01-01T00:00:00Z' });
      for (const names of [lab.dns, lab.nss]) names.set(fqdn, ip).set(ip, fqdn);
      lab.nss.set(name, ip);
      lab.hosts += `${ip} ${fqdn} ${name}\n`;
      lab.inventory.set(fqdn, { address: ip, groups: [role ?? 'ungrouped'] });
      lab.hostnames.set(ip, name);
    }
  }
  return lab;
}

function count(lab: FakeLab, what: string): void {
  lab.looks.set(what, (lab.looks.get(what) ?? 0) + 1);
}

function pairOf(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(' ');
}

export function fakeWorld(lab: FakeLab): VerifyWorld {
  const unreachable = (address: string): Error =>
    new ReasonedError('Unreachable', `cannot reach guest "${address}" by SSH: refused`);
  return {
    domains: () => Promise.resolve((count(lab, 'domains'), lab.domains)),
    networks: () => Promise.resolve(new Set(['k8s-net'])),
    leases: () => Promise.resolve((count(lab, 'leases'), lab.leases)),
    dns: {
      addresses: (_server, name) => Promise.resolve(pairOf(lab.dns.get(name))),
      names: (_server, address) => Promise.resolve(pairOf(lab.dns.get(address))),
    },
    resolve: {
      addresses: (name) => Promise.resolve(pairOf(lab.nss.get(name))),
      name: (address) => Promise.resolve(lab.nss.get(address) ?? address),
    },
    hosts: () => Promise.resolve((count(lab, 'hosts'), lab.hosts)),
    inventory: () => Promise.resolve((count(lab, 'inventory'), lab.inventory)),
    ssh: {
      async exec({ address }: SshTarget, argv: readonly string[]) {
        lab.atOnce += 1;
        lab.mostAtOnce = Math.max(lab.mostAtOnce, lab.atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        lab.atOnce -= 1;
        if (lab.dead.has(address)) throw unreachable(address);
        const words = argv.slice(4);
        lab.asked.push({ address, words });
        if (argv[0] === 'uname') return answer(lab.hostnames.get(address) ?? '');
        if (argv[2]?.includes('ping') === true) {
          const reached = lab.dns.get(words[0] ?? '');
          const ok = reached !== undefined && !lab.dead.has(reached);
          return { code: ok ? 0 : 1, stdout: '100% packet loss', stderr: '' };
        }
        return answer(
          words
            .map(
              (key, index) => `${index % 2 === 0 ? 'forward' : 'reverse'} ${key} ${lab.dns.get(key) ?? ''}`,
            )
            .join('\n'),
        );
      },
      answers: ({ address, port = 22 }) => Promise.resolve(lab.open.has(`${address}:${port}`)),
    },
    haproxy: {
      look: () =>
        Promise.resolve({ haproxy: {} as never, ...(lab.stats === undefined ? {} : { stats: lab.stats }) }),
    },
    now: () => 0,
  };
}

function answer(stdout: string): { code: number; stdout: string; stderr: string } {
  return { code: 0, stdout: `${stdout}\n`, stderr: '' };
}

/** `object check` of what is not ok, with the verdict. */
export async function notOk(lab: FakeLab, wanted: Wanted): Promise<Record<string, Verdict['message']>> {
  const { checks } = await verify(fakeWorld(lab), wanted);
  return Object.fromEntries(
    checks
      .filter(({ result }) => result !== 'ok')
      .map(({ object, check, result, message }) => [`${object} ${check} ${result}`, message]),
  );
}

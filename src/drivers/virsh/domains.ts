import { VirshError } from './errors.ts';
import type { DomainJob, DomainListing } from './listing.ts';
import { parseDomainInfo, parseDomains, parseJob } from './listing.ts';
import { nameIn } from './temp-files.ts';
import type { WithXmlFile } from './temp-files.ts';
import { tolerate } from './tolerate.ts';
import type { CallOptions, Virsh } from './virsh.ts';

/** What goes with a domain when it is undefined; its disks never do. */
export interface UndefineOptions {
  /** Of its firmware and its TPM. */
  nvram: boolean;
  managedSave: boolean;
  /** Of snapshots and checkpoints. */
  snapshotsMetadata: boolean;
}

export interface DomainXmlOptions {
  /** The persistent definition, else the live one. */
  readonly inactive: boolean;
  /** With its passwords: what is defined again without them loses them. A read-only connection is refused them. */
  readonly secrets?: true;
}

/** The calls about domains; see Libvirt. */
export interface DomainCalls {
  /** All domains, defined and transient, sorted by name: four calls for any number of them. */
  domains(): Promise<readonly DomainListing[]>;
  /** One of them, in one call; undefined when there is no such domain. */
  domainListing(name: string): Promise<DomainListing | undefined>;
  /** Undefined when there is no such domain. */
  domainXml(name: string, options: DomainXmlOptions): Promise<string | undefined>;
  /** Defines or redefines; a running domain is not touched. */
  defineDomain(xml: string): Promise<void>;
  startDomain(name: string): Promise<void>;
  /** Asks the guest to shut down (ACPI); returns at once. */
  shutdownDomain(name: string): Promise<void>;
  /** Pulls the plug. */
  destroyDomain(name: string): Promise<void>;
  /** Grows a disk of a running guest. @param target such as vda; `size` in bytes */
  growDisk(name: string, target: string, size: number): Promise<void>;
  /** Plugs or unplugs a running guest's NIC by its MAC address. */
  setLink(name: string, mac: string, state: 'up' | 'down'): Promise<void>;
  /** Asks the guest to reboot (ACPI); returns at once. */
  rebootDomain(name: string, options?: CallOptions): Promise<void>;
  undefineDomain(name: string, options: UndefineOptions): Promise<void>;
  setDomainAutostart(name: string, on: boolean): Promise<void>;
  /** Whether its memory was saved to disk, from where its next start restores it. */
  hasManagedSave(name: string): Promise<boolean>;
  /** Starts a push-mode backup (`xml`: `<domainbackup>`); returns at once, see `domainJob`. */
  beginBackup(name: string, xml: string): Promise<void>;
  /** The job that runs now, or else the last one that ended while the domain runs (asking for that one forgets it). */
  domainJob(name: string): Promise<DomainJob>;
  /** Ends the job that runs now; none is success. */
  abortDomainJob(name: string): Promise<void>;
}

const MISSING = { reasons: ['NotFound'] } as const;
/** virsh takes such a name for an id or a UUID first, and would act on another domain. */
const AMBIGUOUS = /^\s*\+?\d+$|^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

export function domainCalls(virsh: Virsh, withXml: WithXmlFile): DomainCalls {
  const domains = createDomainLister(virsh);
  async function call(op: string, name: string, ...options: string[]): Promise<string> {
    return virsh.call([op, '--domain', await referTo(domains, name, op), ...options]);
  }
  async function isOff(name: string): Promise<boolean> {
    return (await call('domstate', name)).trim() === 'shut off';
  }
  return {
    domains,
    async domainListing(name) {
      const info = await tolerate(call('dominfo', name), MISSING);
      return info === undefined ? undefined : parseDomainInfo(info);
    },
    domainXml(name, { inactive, secrets }) {
      const flags = [...(inactive ? ['--inactive'] : []), ...(secrets ? ['--security-info'] : [])];
      return tolerate(call('dumpxml', name, ...flags), MISSING);
    },
    defineDomain: (xml) =>
      withXml(xml, async (path) => {
        await virsh.call(['define', '--file', path], { about: nameIn(xml) });
      }),
    async startDomain(name) {
      await tolerate(call('start', name), { unless: async () => !(await isOff(name)) });
    },
    async shutdownDomain(name) {
      await tolerate(call('shutdown', name), { ...MISSING, unless: () => isOff(name) });
    },
    async destroyDomain(name) {
      await tolerate(call('destroy', name), { ...MISSING, unless: () => isOff(name) });
    },
    async growDisk(name, target, size) {
      await call('blockresize', name, '--path', target, '--size', `${size}B`);
    },
    async setLink(name, mac, state) {
      await call('domif-setlink', name, '--interface', mac, '--state', state);
    },
    async rebootDomain(name, options) {
      await virsh.call(['reboot', '--domain', await referTo(domains, name, 'reboot')], options);
    },
    async undefineDomain(name, options) {
      await tolerate(undefine(call, name, options), MISSING);
    },
    async setDomainAutostart(name, on) {
      await call('autostart', name, ...(on ? [] : ['--disable']));
    },
    async hasManagedSave(name) {
      const info = await tolerate(call('dominfo', name), MISSING);
      return /^Managed save: +yes$/m.test(info ?? '');
    },
    beginBackup: (name, xml) =>
      withXml(xml, async (path) => {
        await call('backup-begin', name, '--backupxml', path);
      }),
    async domainJob(name) {
      const running = await tolerate(call('domjobinfo', name, '--rawstats'), { unless: () => isOff(name) });
      if (running === undefined) return { state: 'none' };
      const job = parseJob(running);
      if (job.state !== 'none') return job;
      return parseJob(await call('domjobinfo', name, '--rawstats', '--completed', '--anystats'));
    },
    async abortDomainJob(name) {
      await tolerate(call('domjobabort', name), {
        unless: async () => parseJob(await call('domjobinfo', name, '--rawstats')).state === 'none',
      });
    },
  };
}

/** At rest libvirt says the same each time, which is not parsed again. */
function createDomainLister(virsh: Virsh): () => Promise<readonly DomainListing[]> {
  let said: readonly string[] = [];
  let parsed: readonly DomainListing[] = [];
  return async () => {
    const list = await virsh.call(['list', '--all', '--uuid', '--name']);
    const stats = await virsh.call(['domstats', '--state']);
    const transient = await virsh.call(['list', '--all', '--transient', '--uuid']);
    const autostart = await virsh.call(['list', '--all', '--autostart', '--uuid']);
    const now = [list, stats, transient, autostart];
    if (now.some((text, index) => text !== said[index])) {
      parsed = parseDomains(list, stats, { transient, autostart });
      said = now;
    }
    return parsed;
  };
}

type Call = (op: string, name: string, ...options: string[]) => Promise<string>;

async function undefine(
  call: Call,
  name: string,
  { nvram, managedSave, snapshotsMetadata }: UndefineOptions,
): Promise<void> {
  const flags = [
    ...(managedSave ? ['--managed-save'] : []),
    ...(snapshotsMetadata ? ['--snapshots-metadata'] : []),
    ...(nvram ? ['--nvram'] : []),
  ];
  const checkpoints =
    snapshotsMetadata && (await hasCheckpoints(call, name)) ? ['--checkpoints-metadata'] : [];
  // libvirt wants it said which way these go, but only for domains that have them.
  const xml = nvram ? '' : await call('dumpxml', name, '--inactive');
  const kept = [
    ...(/<nvram[\s>]/.test(xml) ? ['--keep-nvram'] : []),
    ...(/<tpm[\s>]/.test(xml) ? ['--keep-tpm'] : []),
  ];
  await call('undefine', name, ...flags, ...checkpoints, ...kept);
}

/** Asked first, since libvirt's test driver refuses the flag. */
async function hasCheckpoints(call: Call, name: string): Promise<boolean> {
  const names = await tolerate(call('checkpoint-list', name, '--name'), {
    unless: () => Promise.resolve(true),
  });
  return (names ?? '').trim() !== '';
}

/** The name, or the UUID where virsh would misread the name. */
async function referTo(domains: DomainCalls['domains'], name: string, op: string): Promise<string> {
  if (!AMBIGUOUS.test(name)) return name;
  const found = (await domains()).find((domain) => domain.name === name);
  if (found !== undefined) return found.uuid;
  throw new VirshError('NotFound', [op, name], { why: 'there is no domain of that name' });
}

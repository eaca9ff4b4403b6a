import { dirname } from 'node:path';
import { condition, isTrue, READY } from '../../api/conditions.ts';
import { isElsewhere, type ConditionInput } from '../../api/meta.ts';
import { tooOld } from '../../api/libvirt/version.ts';
import type { Plan } from '../../api/disruption/action.ts';
import type { VmhostAction } from '../../api/vmhost/actions.ts';
import { synced } from '../../api/disruption/waiting.ts';
import { planVmhost, type HostPaths, type ObservedVmhost } from '../../api/vmhost/plan.ts';
import { readRecords, type HostTexts } from '../../api/vmhost/read.ts';
import { hostRecords, type HostRecords } from '../../api/vmhost/records.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { LibvirtView } from '../../drivers/libvirt.ts';
import type { ObjectStore } from '../objects.ts';
import type { Reconciler } from '../reconciler.ts';
import type { VmhostStatus } from '../../api/vmhost/object.ts';

export interface HostFileOptions {
  readonly mode?: number;
  /** What the file held when it was looked at: it is not written over anything else. */
  readonly expected: { readonly content: string | undefined };
}

/** The part of the files driver that the vmhost's own files need. */
export interface HostFilesPort {
  readIfExists(path: string): Promise<string | undefined>;
  writeAtomic(path: string, content: string, options: HostFileOptions): Promise<boolean>;
  ensureDir(path: string): Promise<void>;
}

export interface VmhostDeps {
  readonly store: ObjectStore;
  readonly view: Pick<LibvirtView, 'host'>;
  readonly dnsmasq: Pick<Dnsmasq, 'reload'>;
  readonly files: HostFilesPort;
  readonly paths: HostPaths;
  readonly domainType: 'auto' | 'kvm' | 'qemu';
  /** What it tells others that share a lab with it; left out: it is alone. */
  readonly facts?: () => Promise<Omit<VmhostStatus, 'conditions'>>;
  /** Whether there may be a Node that is not in the store; left out: there is none. */
  readonly mayExist?: (node: string) => boolean;
}

export interface VmhostExtra {
  readonly files: ObservedVmhost['files'];
}

/** The vmhost: what libvirt offers there, and its files that name the guests. */
export function createVmhostReconciler(deps: VmhostDeps): Reconciler<'Vmhost', VmhostAction, VmhostExtra> {
  return {
    kind: 'Vmhost',
    async look() {
      const libvirt = await observeLibvirt(deps);
      const fields = { ...libvirt, ...(await deps.facts?.()) };
      const files = await readFiles(deps);
      // What the files are held against is read in one moment, after the last wait.
      const all = deps.store.list('Network');
      const named = hostRecords({
        nodes: deps.store.list('Node'),
        networks: all,
        vmhosts: deps.store.list('Vmhost').filter(isElsewhere),
        before: readRecords(textsOf(deps.paths, files)),
        mayExist: deps.mayExist ?? (() => false),
      });
      const networks = all
        .filter(({ status }) => isTrue(status.conditions, READY))
        .map(({ metadata }) => metadata.name);
      const plan = planVmhost(deps.paths, named.records, { files, networks });
      return { plan, fields, conditions: conditions(plan, named, libvirt.libvirtVersion), extra: { files } };
    },
    async execute({ path, content, mode, reload }, { extra }) {
      await deps.files.ensureDir(dirname(path));
      const existing = await deps.files.readIfExists(path);
      // Somebody wrote it meanwhile: the next look has what they wrote.
      if (existing !== extra.files.get(path)) return;
      // The mode of a file that others made, such as /etc/hosts, is theirs.
      const expected = { content: existing };
      await deps.files.writeAtomic(path, content, existing === undefined ? { mode, expected } : { expected });
      await tellDnsmasqs(deps, reload);
    },
  };
}

/**
 * A line that is gone from /etc/hosts would reach guests as a second address until then. Which one could not be told is
 * seen by the pass over its network; one that does not run reads the file when it starts.
 */
async function tellDnsmasqs({ dnsmasq }: VmhostDeps, networks: readonly string[]): Promise<void> {
  const told = await Promise.allSettled(networks.map((network) => dnsmasq.reload(network)));
  const failed = told.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** All of it is known once libvirt answers. */
type LibvirtFacts = Required<Pick<VmhostStatus, 'libvirtVersion' | 'arch' | 'domainType'>>;

async function observeLibvirt(deps: VmhostDeps): Promise<LibvirtFacts> {
  const { version, arch, domainTypes } = await deps.view.host();
  const auto = domainTypes.includes('kvm') ? 'kvm' : 'qemu';
  const domainType = deps.domainType === 'auto' ? auto : deps.domainType;
  return { libvirtVersion: version, arch, domainType };
}

function textsOf(
  { hosts, inventory, sshConfig, knownHosts }: HostPaths,
  files: ObservedVmhost['files'],
): HostTexts {
  const text = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : files.get(path);
  return {
    hosts: text(hosts),
    inventory: text(inventory),
    sshConfig: text(sshConfig),
    knownHosts: text(knownHosts),
  };
}

async function readFiles(deps: VmhostDeps): Promise<ObservedVmhost['files']> {
  const { hosts, inventory, sshConfig, knownHosts } = deps.paths;
  const paths = [hosts, inventory, sshConfig, knownHosts].filter((path) => path !== undefined);
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await deps.files.readIfExists(path)] as const)),
  );
}

/** So many of those that nobody looked at are named. */
const NAMED = 5;

/** Without a count of the Nodes: each Node of any vmhost would change what every vmhost says of itself. */
function conditions(
  plan: Plan<VmhostAction>,
  { kept }: HostRecords,
  libvirtVersion: string,
): ConditionInput[] {
  const { waiting } = plan;
  const written = waiting === undefined && plan.actions.length === 0;
  const more = kept.length > NAMED ? ` and ${kept.length - NAMED} more` : '';
  const named = kept.slice(0, NAMED).join(', ');
  const unlooked = kept.length === 0 ? '' : `; as before, since not looked at yet: ${named}${more}`;
  const files = written
    ? condition('FilesWritten', 'True', 'Written', `the Nodes are named${unlooked}`)
    : condition(
        'FilesWritten',
        'False',
        waiting?.reason ?? 'Outdated',
        waiting?.message ?? 'files are outdated',
      );
  const libvirt = condition('LibvirtReachable', 'True', 'Answers');
  const old = tooOld(libvirtVersion);
  const ready =
    old === undefined
      ? condition(READY, written ? 'True' : 'False', files.reason, files.message)
      : condition(
          READY,
          'False',
          'LibvirtTooOld',
          `libvirt ${old.why}, so that no guest is made; ${old.hint}`,
        );
  return [ready, synced(waiting), libvirt, files];
}

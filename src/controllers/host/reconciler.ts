import { dirname } from 'node:path';
import { condition, isTrue, READY, SYNCED } from '../../api/conditions.ts';
import type { ConditionInput } from '../../api/meta.ts';
import { parseCapabilities } from '../../api/libvirt/domain.ts';
import type { HostAction, Plan } from '../../api/disruption/action.ts';
import { planHost, type HostPaths, type ObservedHost } from '../../api/host/plan.ts';
import type { HostRecord } from '../../api/host/render.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import type { ObjectOf, ObjectStore } from '../objects.ts';
import type { Reconciler } from '../pass.ts';
import type { HostStatus } from '../../api/host/object.ts';

/** The part of the files driver that the vmhost's own files need. */
export interface HostFilesPort {
  readIfExists(path: string): Promise<string | undefined>;
  writeAtomic(path: string, content: string, options: { mode?: number }): Promise<boolean>;
  ensureDir(path: string): Promise<void>;
}

export interface HostDeps {
  readonly store: ObjectStore;
  readonly libvirt: Libvirt;
  readonly dnsmasq: Pick<Dnsmasq, 'reload'>;
  readonly files: HostFilesPort;
  readonly paths: HostPaths;
  readonly domainType: 'auto' | 'kvm' | 'qemu';
}

/** The vmhost: what libvirt offers there, and its files that name the guests. */
export function createHostReconciler(deps: HostDeps): Reconciler<'Host', HostAction, undefined> {
  return {
    kind: 'Host',
    async look() {
      const fields = await observeLibvirt(deps);
      const files = await readFiles(deps);
      // What the files are held against is read in one moment, after the last wait.
      const nodes = deps.store.list('Node');
      const records = nodes.flatMap((node) => recordOf(deps, node));
      const ours = deps.store.list('Network').filter(({ status }) => isTrue(status.conditions, READY));
      const networks = ours.map(({ metadata }) => metadata.name);
      const plan = planHost(deps.paths, records, { files, unknown: unknownObjects(deps), networks });
      return { plan, fields, conditions: conditions(plan, records.length), extra: undefined };
    },
    async execute({ path, content, mode, reload }) {
      await deps.files.ensureDir(dirname(path));
      // The mode of a file that others made, such as /etc/hosts, is theirs.
      const existing = await deps.files.readIfExists(path);
      await deps.files.writeAtomic(path, content, existing === undefined ? { mode } : {});
      // A line that is gone from /etc/hosts would reach guests as a second address until then.
      for (const network of reload) await deps.dnsmasq.reload(network);
    },
  };
}

async function observeLibvirt(deps: HostDeps): Promise<Omit<HostStatus, 'conditions'>> {
  const { arch, domainTypes } = parseCapabilities(await deps.libvirt.capabilities());
  const auto = domainTypes.includes('kvm') ? 'kvm' : 'qemu';
  const domainType = deps.domainType === 'auto' ? auto : deps.domainType;
  return { libvirtVersion: await deps.libvirt.version(), arch, domainType };
}

async function readFiles(deps: HostDeps): Promise<ObservedHost['files']> {
  const { hosts, inventory, sshConfig, knownHosts } = deps.paths;
  const paths = [hosts, inventory, sshConfig, knownHosts].filter((path) => path !== undefined);
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await deps.files.readIfExists(path)] as const)),
  );
}

function unknownObjects({ store }: HostDeps): string[] {
  return [...store.list('Network'), ...store.list('Node')]
    .filter(({ status }) => status.observedGeneration === undefined)
    .map(({ metadata }) => metadata.name);
}

/** Addresses and names come from the network, which is what guests and DNS go by. */
function recordOf(deps: HostDeps, { metadata, spec, status }: ObjectOf<'Node'>): HostRecord[] {
  const network = deps.store.get('Network', spec.networks[0]?.network ?? '');
  const entry = network?.status.entries?.find(({ node }) => node === metadata.name);
  if (entry === undefined || !spec.hostsEntry) return [];
  const [fqdn = metadata.name, ...aliases] = entry.hostnames;
  return [
    {
      node: metadata.name,
      fqdn,
      aliases,
      address: entry.ip,
      user: spec.ssh.user,
      ...(spec.role === undefined ? {} : { role: spec.role }),
      ...(status.sshHostKey === undefined ? {} : { hostKey: status.sshHostKey }),
      ...(spec.policy.adopt && status.sshHostKey === undefined ? { unpinned: true } : {}),
    },
  ];
}

function conditions(plan: Plan<HostAction>, named: number): ConditionInput[] {
  const { waiting } = plan;
  const foreign = waiting?.reason === 'ForeignFile';
  const written = waiting === undefined && plan.actions.length === 0;
  const files = written
    ? condition('FilesWritten', 'True', 'Written', `${named} ${named === 1 ? 'Node is' : 'Nodes are'} named`)
    : condition(
        'FilesWritten',
        'False',
        waiting?.reason ?? 'Outdated',
        waiting?.message ?? 'files are outdated',
      );
  const synced = foreign
    ? condition(SYNCED, 'False', waiting.reason, waiting.message)
    : condition(SYNCED, 'True', 'Reconciled');
  const libvirt = condition('LibvirtReachable', 'True', 'Answers');
  return [condition(READY, written ? 'True' : 'False', files.reason, files.message), synced, libvirt, files];
}

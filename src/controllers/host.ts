import { dirname } from 'node:path';
import { condition, READY, SYNCED } from '../api/conditions.ts';
import type { ConditionInput } from '../api/meta.ts';
import { parseCapabilities } from '../api/libvirt/domain.ts';
import type { HostStatus } from '../api/objects.ts';
import type { HostAction, Plan } from '../api/plan/action.ts';
import { planHost, type HostPaths, type ObservedHost } from '../api/plan/host.ts';
import type { HostRecord } from '../api/render/host-files.ts';
import type { Libvirt } from '../drivers/libvirt.ts';
import type { ObjectOf, ObjectStore } from './objects.ts';
import type { Reconciler } from './pass.ts';

/** The part of the files driver that the vmhost's own files need. */
export interface HostFilesPort {
  readIfExists(path: string): Promise<string | undefined>;
  writeAtomic(path: string, content: string, options: { mode?: number }): Promise<boolean>;
  ensureDir(path: string): Promise<void>;
}

export interface HostDeps {
  readonly store: ObjectStore;
  readonly libvirt: Libvirt;
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
      const nodes = deps.store.list('Node');
      const plan = planHost(deps.paths, nodes.flatMap(recordOf), await observeFiles(deps, nodes));
      return { plan, fields, conditions: conditions(plan, nodes.length), extra: undefined };
    },
    async execute({ path, content, mode }) {
      await deps.files.ensureDir(dirname(path));
      // The mode of a file that others made, such as /etc/hosts, is theirs.
      const existing = await deps.files.readIfExists(path);
      await deps.files.writeAtomic(path, content, existing === undefined ? { mode } : {});
    },
  };
}

async function observeLibvirt(deps: HostDeps): Promise<Omit<HostStatus, 'conditions'>> {
  const { arch, domainTypes } = parseCapabilities(await deps.libvirt.capabilities());
  const auto = domainTypes.includes('kvm') ? 'kvm' : 'qemu';
  const domainType = deps.domainType === 'auto' ? auto : deps.domainType;
  return { libvirtVersion: await deps.libvirt.version(), arch, domainType };
}

async function observeFiles(deps: HostDeps, nodes: readonly ObjectOf<'Node'>[]): Promise<ObservedHost> {
  const { hosts, inventory, sshConfig, knownHosts } = deps.paths;
  const paths = [hosts, inventory, sshConfig, knownHosts].filter((path) => path !== undefined);
  const contents = await Promise.all(
    paths.map(async (path) => [path, await deps.files.readIfExists(path)] as const),
  );
  const unknown = nodes.filter(({ status }) => status.observedGeneration === undefined);
  return { files: new Map(contents), unknown: unknown.map(({ metadata }) => metadata.name) };
}

function recordOf({ metadata, spec, status }: ObjectOf<'Node'>): HostRecord[] {
  if (status.address === undefined || !spec.hostsEntry) return [];
  return [
    {
      node: metadata.name,
      fqdn: status.fqdn ?? metadata.name,
      aliases: status.aliases ?? [],
      address: status.address,
      user: spec.ssh.user,
      ...(spec.role === undefined ? {} : { role: spec.role }),
      ...(status.sshHostKey === undefined ? {} : { hostKey: status.sshHostKey }),
    },
  ];
}

function conditions(plan: Plan<HostAction>, nodes: number): ConditionInput[] {
  const { waiting } = plan;
  const foreign = waiting?.reason === 'ForeignFile';
  const written = waiting === undefined && plan.actions.length === 0;
  const files = written
    ? condition('FilesWritten', 'True', 'Written', `${nodes} Nodes are named`)
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

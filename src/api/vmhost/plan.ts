import {
  isOurs,
  renderHosts,
  renderInventory,
  renderKnownHosts,
  renderSshConfig,
  type HostRecord,
} from './render.ts';
import type { Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { VmhostAction } from './actions.ts';

/** Files of the vmhost that name the guests; one left out is not written. */
export interface HostPaths {
  readonly hosts?: string;
  readonly inventory?: string;
  readonly sshConfig?: string;
  readonly knownHosts: string;
  /** Private key that root logs in to guests with. */
  readonly identity: string;
}

export interface ObservedVmhost {
  /** Content by path; undefined where there is no file. */
  readonly files: ReadonlyMap<string, string | undefined>;
  /** The networks whose dnsmasq reads the file of hosts. */
  readonly networks: readonly string[];
}

/** Brings the vmhost's files to the records; a file that others wrote whole is left alone. */
export function planVmhost(
  paths: HostPaths,
  records: readonly HostRecord[],
  observed: ObservedVmhost,
): Plan<VmhostAction> {
  const foreign: string[] = [];
  const actions = wantedFiles(paths, records, observed).flatMap(
    ({ path, content, whole }): VmhostAction[] => {
      const reload = path === paths.hosts ? observed.networks : [];
      const current = observed.files.get(path);
      if (current === content) return [];
      if (whole && current !== undefined && !isOurs(current)) {
        foreign.push(path);
        return [];
      }
      return [
        step('none', `${path} does not say what the Nodes are`, {
          type: 'WriteFile',
          path,
          content,
          mode: 0o644,
          reload,
          // One that cannot be written holds up no other.
          isolated: true as const,
        }),
      ];
    },
  );
  return foreign.length === 0 ? { actions } : { actions, waiting: foreignFile(foreign) };
}

function foreignFile(paths: readonly string[]): Waiting {
  const message = `${paths.join(', ')} was not written by k8slab and stays; move it away or name another path in k8slabd.yaml`;
  return { reason: 'ForeignFile', message };
}

interface WantedFile {
  readonly path: string;
  readonly content: string;
  /** The whole file is ours, not a block in it. */
  readonly whole: boolean;
}

function wantedFiles(
  paths: HostPaths,
  records: readonly HostRecord[],
  observed: ObservedVmhost,
): WantedFile[] {
  const { hosts, inventory, sshConfig, knownHosts } = paths;
  const files: WantedFile[] = [{ path: knownHosts, content: renderKnownHosts(records), whole: true }];
  if (hosts !== undefined) {
    files.push({ path: hosts, content: renderHosts(observed.files.get(hosts) ?? '', records), whole: false });
  }
  if (inventory !== undefined) {
    files.push({ path: inventory, content: renderInventory(records, knownHosts), whole: true });
  }
  if (sshConfig !== undefined) {
    files.push({ path: sshConfig, content: renderSshConfig(records, paths), whole: true });
  }
  return files;
}

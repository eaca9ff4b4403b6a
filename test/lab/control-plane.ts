import { join } from 'node:path';
import type { Binaries } from '../control-plane/binaries.ts';
import { mustRun, poll, runAttached, runCommand } from './processes.ts';
import type { CommandOptions, CommandResult } from './processes.ts';
import type { Vmhost } from './vmhost.ts';

/** A real kube-apiserver and its etcd, in a container on the link of the vmhosts and reachable from there alone. */
export interface ControlPlane {
  /** The container, whose hostname is control. */
  readonly machine: Vmhost;
  /** The control plane's kubectl with all rights, in its network but with this machine's files. */
  readonly kubectl: (argv: readonly string[], options?: CommandOptions) => Promise<CommandResult>;
  /** The same, but a failure is an error that shows stderr; returns stdout. */
  readonly mustKubectl: (argv: readonly string[], options?: CommandOptions) => Promise<string>;
  readonly attachKubectl: (argv: readonly string[]) => Promise<number>;
  /** Stops the API server; etcd goes on. */
  readonly stop: () => Promise<void>;
  /** Starts the API server, and waits until it is ready. */
  readonly start: () => Promise<void>;
}

export interface ControlPlaneOptions {
  readonly machine: Vmhost;
  readonly binaries: () => Binaries;
  /** Where the kubeconfig of its admin lies on this machine. */
  readonly kubeconfig: string;
}

export const CONTROL_UNITS = ['etcd.service', 'kube-apiserver.service'] as const;
const KUBECTL_MS = 120_000;

export function createControlPlane({ machine, binaries, kubeconfig }: ControlPlaneOptions): ControlPlane {
  function kubectl(argv: readonly string[]): string[] {
    const network = ['nsenter', `--net=/proc/${machine.init()}/ns/net`, '--'];
    const cache = ['--cache-dir', join(kubeconfig, '../kubectl-cache')];
    return [...network, binaries().kubectl, '--kubeconfig', kubeconfig, ...cache, ...argv];
  }
  const self: ControlPlane = {
    machine,
    kubectl: (argv, options) => runCommand(kubectl(argv), { timeoutMs: KUBECTL_MS, ...options }),
    mustKubectl: (argv, options) => mustRun(kubectl(argv), { timeoutMs: KUBECTL_MS, ...options }),
    attachKubectl: (argv) => runAttached(kubectl(argv), process.env),
    stop: async () => {
      await machine.must(['systemctl', 'stop', 'kube-apiserver.service']);
    },
    start: async () => {
      const { code } = await machine.exec(['systemctl', 'start', ...CONTROL_UNITS], { timeoutMs: 180_000 });
      if (code !== 0) throw new Error(`the control plane does not start:\n${await journal(machine)}`);
      await untilReady(self);
    },
  };
  return self;
}

async function untilReady(controlPlane: ControlPlane): Promise<void> {
  let said = '';
  const ready = await poll(
    async () => {
      const asked = await controlPlane.kubectl(['get', '--raw', '/readyz'], { timeoutMs: 10_000 });
      said = asked.stdout + asked.stderr;
      return asked.code === 0 ? true : undefined;
    },
    { timeoutMs: 120_000, intervalMs: 200 },
  );
  if (ready === undefined) throw new Error(`the API server does not become ready: ${said.trim()}`);
}

async function journal(machine: Vmhost): Promise<string> {
  const units = CONTROL_UNITS.flatMap((unit) => ['-u', unit]);
  return (await machine.exec(['journalctl', '-o', 'cat', '--no-pager', '-n', '20', ...units])).stdout;
}

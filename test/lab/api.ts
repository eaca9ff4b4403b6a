import type { Vmhost } from './vmhost.ts';
import type { CommandResult } from './processes.ts';

const SOCKET = '/run/k8slab/k8slab.sock';
const KINDS = ['vmhosts', 'networks', 'images', 'nodes', 'loadbalancers'];

export interface AskOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a vmhost's k8slabd, as `k8slab get -o json` does. Those who wait for something ask several times a second,
 * and shall start no Node program each time.
 * @param paths such as `nodes/worker00`; the answers are lines, in that order
 */
export function askApi(
  vmhost: Vmhost,
  paths: readonly string[],
  options: AskOptions = {},
): Promise<CommandResult> {
  const urls = paths.map((path) => `http://k8slab/apis/k8slab.io/v1alpha1/${path}`);
  return vmhost.exec(['curl', '-sSf', '-w', '\\n', '--unix-socket', SOCKET, ...urls], options);
}

/** All objects, as the items of a List; with the words of what kept them from being listed. */
export async function allObjects(
  vmhost: Vmhost,
  options: AskOptions = {},
): Promise<{ readonly items: readonly unknown[] } | { readonly problem: string }> {
  const { code, stdout, stderr } = await askApi(vmhost, KINDS, options);
  if (code !== 0) return { problem: stderr.trim().split('\n')[0] ?? '' };
  const lists = stdout.trim().split('\n');
  return { items: lists.flatMap((list) => (JSON.parse(list) as { items: unknown[] }).items) };
}

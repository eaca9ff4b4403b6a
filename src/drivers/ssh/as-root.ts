import type { SshTarget } from './types.ts';

/** A script for the guest's sh with its arguments, run by root: by sudo where another user logs in. */
export function asRoot(target: SshTarget, script: string, args: readonly string[]): string[] {
  const sudo = target.user === 'root' ? [] : ['sudo', '-n'];
  return [...sudo, 'sh', '-c', script, 'k8slab', ...args];
}

import { stringify } from 'yaml';

/** YAML as kubectl prints it, and as it reads it: by 1.1, in which `on` is no word. A module of its own, so that a command loads the library only when it prints YAML. */
export function printYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, compat: 'yaml-1.1' });
}

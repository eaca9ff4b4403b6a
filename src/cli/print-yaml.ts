import { stringify } from 'yaml';

/** YAML as kubectl prints it. A module of its own, so that a command loads the library only when it prints YAML. */
export function printYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}

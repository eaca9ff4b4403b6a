import type { CloudInitResult } from './probes.ts';

/** Prints result.json once cloud-init is done; before, exits with 3 and prints what it is at. */
export const CLOUD_INIT_QUERY = [
  'sh',
  '-c',
  'cat /run/cloud-init/result.json 2>/dev/null || { cat /run/cloud-init/status.json 2>/dev/null; exit 3; }',
];

/** More than cloud-init ever writes of itself. */
const LIMIT = 256 * 1024;

/** @param answer what CLOUD_INIT_QUERY printed, and its exit code */
export function parseCloudInit(answer: { code: number; stdout: string }): CloudInitResult {
  if (answer.stdout.length > LIMIT)
    return { done: false, errors: [], detail: 'what cloud-init says of itself is too long' };
  const v1 = readV1(answer.stdout);
  if (answer.code !== 0) {
    const stage =
      typeof v1?.['stage'] === 'string' ? `cloud-init is at ${v1['stage']}` : 'cloud-init is not done';
    return { done: false, errors: [], detail: stage };
  }
  if (v1 === undefined) return { done: false, errors: [], detail: 'result.json is not whole yet' };
  const errors = Array.isArray(v1['errors']) ? v1['errors'].map(asText) : [];
  return { done: true, errors, detail: 'done' };
}

function asText(error: unknown): string {
  if (typeof error === 'string') return error;
  try {
    return JSON.stringify(error);
  } catch {
    // Deeper than the stack, which JSON.parse() does not need.
    return 'an error that cannot be shown';
  }
}

function readV1(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const v1 = (parsed as { v1?: unknown } | null)?.v1;
    return typeof v1 === 'object' && v1 !== null ? (v1 as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

import type { z } from 'zod';
import { daemonConfig, type DaemonConfig } from '../api/daemon-config.ts';
import { ReasonedError, toError } from '../api/errors.ts';
import { plainMessage } from '../api/manifest/issues.ts';
import { formatPath } from '../api/manifest/path.ts';
import { positionAt, walk, type Places } from '../api/manifest/places.ts';
import { runSteps } from '../api/manifest/steps.ts';
import { readYaml, type YamlDocument } from '../api/manifest/yaml.ts';
import { nearest } from '../api/nearest.ts';
import { readManifest } from '../drivers/manifest-dir/read.ts';
import { isMissing } from '../drivers/io-errors.ts';
import { assertTrustedWay } from '../drivers/trust.ts';

export interface LoadOptions {
  /** Whether a file that is not there is an error. */
  readonly mustExist: boolean;
  /** Whether it must belong to root alone: it says what the daemon, which is root, writes. */
  readonly trusted?: boolean;
}

/**
 * The daemon's configuration; a missing file means the defaults unless it was asked for by name.
 * @throws ReasonedError InvalidConfig naming file, line and field; NotTrusted
 */
export async function loadConfig(path: string, options: LoadOptions): Promise<DaemonConfig> {
  const text = await readConfig(path, options);
  const document = text === undefined ? undefined : readDocument(path, text);
  const result = daemonConfig.safeParse(document?.value ?? {}, { error: plainMessage, reportInput: true });
  if (result.success) return result.data;
  throw invalid(path, result.error.issues.map((issue) => describe(issue, document?.places)).join('; '));
}

/** The fields that differ, such as `hostFiles.hosts`. */
export function changedFields(before: DaemonConfig, after: DaemonConfig): readonly string[] {
  const old = new Map(leaves('', before));
  return leaves('', after).flatMap(([field, value]) => (old.get(field) === value ? [] : [field]));
}

function leaves(path: string, value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return typeof child === 'object' && child !== null ? leaves(at, child) : [[at, child] as const];
  });
}

async function readConfig(path: string, { mustExist, trusted }: LoadOptions): Promise<string | undefined> {
  try {
    if (trusted === true) await assertTrustedWay(path);
    return (await readManifest(path))?.text;
  } catch (error) {
    if (error instanceof ReasonedError) throw error;
    if (!isMissing(error)) throw invalid(path, toError(error).message, error);
    if (mustExist) throw invalid(path, 'there is no such file', error);
    return undefined;
  }
}

function readDocument(path: string, text: string): YamlDocument | undefined {
  if (text.trim() === '') return undefined;
  const { documents, issues } = runSteps(readYaml(text));
  const wrong = [...issues, ...documents.flatMap((document) => document.issues)];
  if (wrong.length > 0) {
    throw invalid(path, wrong.map(({ line, message }) => `line ${line}: ${message}`).join('; '));
  }
  const [document, second] = documents;
  if (second !== undefined) throw invalid(path, `line ${second.start.line}: it must be one document`);
  return document;
}

/** Such as `line 3: hostFile: unknown field (did you mean "hostFiles"?)`. */
function describe(issue: z.core.$ZodIssue, places: Places | undefined): string {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(path);
    return issue.keys
      .map((key) => {
        const near = nearest(key, known);
        const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`;
        return `${placeOf(places, [...path, key])}${formatPath([...path, key])}: unknown field (${hint})`;
      })
      .join('; ');
  }
  return `${placeOf(places, path)}${formatPath(path) || 'the document'}: ${issue.message}`;
}

function placeOf(places: Places | undefined, path: readonly (string | number)[]): string {
  if (places === undefined) return '';
  const { found } = walk(places.tree, path);
  return `line ${positionAt(places.lines, found.key ?? found.at).line}: `;
}

function fieldsAt(path: readonly (string | number)[]): readonly string[] {
  const [first = ''] = path;
  const parsed: Readonly<Record<string, unknown>> = daemonConfig.parse({});
  const inside = Object.hasOwn(parsed, first) ? parsed[first] : undefined;
  return Object.keys(typeof inside === 'object' && inside !== null ? inside : daemonConfig.shape);
}

function invalid(path: string, why: string, cause?: unknown): ReasonedError {
  const options = cause === undefined ? {} : { cause };
  return new ReasonedError('InvalidConfig', `cannot read configuration "${path}": ${why}`, options);
}

import assert from 'node:assert/strict';
import { formatError } from '../../../src/api/manifest/format.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import type { ManifestError, ParsedObject } from '../../../src/api/manifest/types.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A manifest as text: one document, in JSON, which YAML includes. */
export function manifest(kind: string, name: string, spec: Fields): string {
  return JSON.stringify({ apiVersion: 'k8slab.io/v1alpha1', kind, metadata: { name }, spec });
}

export function networkText(name: string, spec: Fields = {}): string {
  return manifest('Network', name, { cidr: '192.168.111.0/24', ...spec });
}

export function nodeText(name: string, spec: Fields = {}): string {
  return manifest('Node', name, { disk: { image: 'debian' }, networks: [{ network: 'k8s-net' }], ...spec });
}

export function imageText(name: string, spec: Fields = {}): string {
  return manifest('Image', name, { source: '/srv/images/debian.qcow2', ...spec });
}

/** The objects of a file that must be without errors. */
export function good(file: string, ...documents: readonly string[]): readonly ParsedObject[] {
  const { objects, errors } = parseManifest(file, documents.join('\n---\n'));
  assert.deepEqual(errors.map(formatError), []);
  return objects;
}

/** The errors of a text, each as one line without the file's name. */
export function errorLines(text: string): readonly string[] {
  return shown(parseManifest('f', text).errors);
}

export function shown(errors: readonly ManifestError[]): readonly string[] {
  return errors.map((error) => formatError(error).replace(/^f:/, ''));
}

/** The Network that `attachedText` is on. */
export const K8S_NET = networkText('k8s-net', {
  domain: 'k8s-thw.local',
  podCIDR: { cidr: '10.200.0.0/16' },
  dns: { records: [{ address: '192.168.111.77', hostnames: ['registry', 'ntp.example'] }] },
});

/** A Node on k8s-net; `attachment` is merged into its place there. */
export function attachedText(name: string, attachment: object = {}, spec: object = {}): string {
  return nodeText(name, { networks: [{ network: 'k8s-net', ...attachment }], ...spec });
}

/** One file a document: a.yaml, b.yaml, … */
export function files(documents: readonly string[]): readonly ParsedObject[] {
  return documents.flatMap((text, index) => good(`${'abcdefgh'.charAt(index)}.yaml`, text));
}

/** What is wrong with a manifest, without the places, which are those of the fields. */
export function complaints(text: string): readonly string[] {
  return errorLines(text).map((line) => line.replace(/^\d+:\d+: /, ''));
}

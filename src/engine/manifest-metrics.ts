import { Gauge, type Registry } from 'prom-client';
import { textFamily, type Family } from './family.ts';

export interface ManifestMetrics {
  /** What the last list had. */
  setManifestFiles(files: { readonly ok: number; readonly invalid: readonly string[] }): void;
  /** Whether the source could be read, and what it holds be taken in. */
  setSourceAvailable(available: boolean): void;
  /** Seconds since the epoch. */
  setSourceRead(at: number): void;
}

/** What is known of the manifests: a series for each invalid file, whose path is the only free text in a label. */
export function createManifestMetrics(
  registry: Registry,
): ManifestMetrics & { readonly families: readonly Family[] } {
  const registers = [registry];
  let invalid: readonly string[] = [];
  const files = new Gauge({
    name: 'k8slab_manifest_files',
    help: 'Manifest files read, by whether they are valid',
    labelNames: ['state'] as const,
    registers,
  });
  const available = new Gauge({
    name: 'k8slab_source_available',
    help: '1 while the manifests can be read and taken in; 0 before the first time too',
    registers,
  });
  const read = new Gauge({
    name: 'k8slab_source_last_read_timestamp_seconds',
    help: 'When the manifests were last read',
    registers,
  });
  function setManifestFiles(found: Parameters<ManifestMetrics['setManifestFiles']>[0]): void {
    invalid = found.invalid;
    files.set({ state: 'ok' }, found.ok);
    files.set({ state: 'invalid' }, found.invalid.length);
  }
  setManifestFiles({ ok: 0, invalid: [] });
  return {
    families: [
      textFamily(
        {
          name: 'k8slab_manifest_file_invalid',
          type: 'gauge',
          help: 'Always 1; a manifest file that has errors',
          labels: ['file'],
        },
        () => invalid.map((file) => [[file], 1] as const),
      ),
    ],
    setManifestFiles,
    setSourceAvailable: (is) => available.set(is ? 1 : 0),
    setSourceRead: (at) => read.set(at),
  };
}

import type { ManifestMetrics } from '../../src/engine/manifest-metrics.ts';

/** Notes how many files were valid at each load. */
export function countingMetrics(counts: { ok: number; invalid: number }[]): ManifestMetrics {
  return {
    setManifestFiles: ({ ok, invalid }) => void counts.push({ ok, invalid: invalid.length }),
    setSourceAvailable: () => undefined,
    setSourceRead: () => undefined,
  };
}

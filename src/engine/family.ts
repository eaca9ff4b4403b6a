import type { ApiObject } from '../api/meta.ts';

/** What a family of the exposition is, as docs/metrics.md lists it. */
export interface FamilyInfo {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly labels: readonly string[];
}

/** One family of the exposition, as text. */
export interface Family extends FamilyInfo {
  text(): string | Promise<string>;
}

/** One series: the values of the labels, in their order, and its value; undefined where there is none. */
export type Sample = readonly [labels: readonly string[], value: number | undefined];

/** The objects that have series now. */
export type WatchedObjects = () => Iterable<Pick<ApiObject, 'kind' | 'metadata' | 'spec' | 'status'>>;

/**
 * A family whose samples are read at every scrape and written as text at once: with a thousand objects prom-client's gauges
 * take a hundred times as long.
 */
export function textFamily(
  info: FamilyInfo,
  samples: () => Iterable<Sample> | Promise<Iterable<Sample>>,
): Family {
  const { name, labels } = info;
  return {
    ...info,
    async text() {
      const lines = header(info);
      for (const [values, value] of await samples()) {
        if (value === undefined) continue;
        const pairs = labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? '')}"`);
        lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
      }
      return lines.join('\n');
    },
  };
}

/** The two lines that come before the series of a family. */
export function header({ name, type, help }: FamilyInfo): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function escapeLabel(value: string): string {
  return /["\\\n]/.test(value)
    ? value.replaceAll(/["\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
    : value;
}

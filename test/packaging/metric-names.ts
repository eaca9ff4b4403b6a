/** Names of the series of an exposition, with those of histograms' parts. */
export function metricNames(text: string): Set<string> {
  return new Set([...text.matchAll(/^([a-z_0-9]+)(?:\{| )/gm)].map(([, name = '']) => name));
}

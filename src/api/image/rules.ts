import type { CelRule } from '../kinds/rules.ts';

/** What `checkImage` says. */
export const imageRules: readonly CelRule[] = [
  {
    at: 'spec',
    rule: "has(self.checksum) || !self.source.lowerAscii().startsWith('http:')",
    message: 'an http URL needs a checksum: add spec.checksum or use https',
    fieldPath: '.source',
  },
];

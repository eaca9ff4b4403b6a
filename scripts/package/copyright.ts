import type { BundledPackage } from '../bundle.ts';

export interface CopyrightOptions {
  readonly packages: readonly BundledPackage[];
  /** LICENSE of the bundled Node. */
  readonly node: string;
}

/** The copyright file, machine-readable (DEP-5): ours, Node's and that of each library in the bundles. */
export function copyright({ packages, node }: CopyrightOptions): string {
  return [
    header,
    paragraph({ files: '*', holders: ['2026 the k8slab maintainers'], licence: 'Apache-2.0' }),
    ...packages.map((each) =>
      paragraph({
        files: `usr/lib/k8slab/${each.name.replace('/', '_')}/*`,
        holders: holdersIn(each.text),
        licence: `${each.license}-of-${each.name.replaceAll(/[@/]/g, '').toLowerCase()}`,
        text: each.text,
      }),
    ),
    paragraph({
      files: 'usr/lib/k8slab/bin/node',
      holders: ['Node.js contributors', 'the authors of the libraries in it, as its licence says'],
      licence: 'MIT-of-node',
      text: node,
    }),
    apache,
  ].join('\n');
}

const header = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: k8slab
Comment: The libraries below are bundled: they have no files of their own, but are parts of /usr/lib/k8slab/*.mjs.
`;

const apache = `License: Apache-2.0
 On Debian systems the complete text of the Apache License, Version 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
`;

interface Paragraph {
  readonly files: string;
  readonly holders: readonly string[];
  readonly licence: string;
  readonly text?: string;
}

function paragraph({ files, holders, licence, text }: Paragraph): string {
  const body = text === undefined ? [] : text.trim().split(/\r?\n/).map(continued);
  return [`Files: ${files}`, `Copyright: ${holders.join('\n ')}`, `License: ${licence}`, ...body, ''].join(
    '\n',
  );
}

/** An empty line would end the paragraph. */
function continued(line: string): string {
  return line.trim() === '' ? ' .' : ` ${line.replaceAll('\t', '    ').trimEnd()}`;
}

function holdersIn(text: string): string[] {
  const found = text.split(/\r?\n/).flatMap((line) => {
    const [, holder] = /^\W*copyright\s*(?:\(c\)|©)?\s*(.*\w.*)$/i.exec(line) ?? [];
    return holder === undefined ? [] : [holder.trim()];
  });
  return found.length === 0 ? ['its authors'] : [...new Set(found)];
}

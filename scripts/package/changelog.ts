/** One release in CHANGELOG.md: `## 0.2.0 (2026-12-01)`, or `## Pending` for what is packaged now. */
interface Release {
  readonly version: string | undefined;
  readonly date: Date | undefined;
  readonly items: readonly string[];
}

export interface ChangelogOptions {
  /** Of the package that is made, such as 0.1.0-1: that of what is pending. */
  readonly version: string;
  readonly date: Date;
  readonly maintainer: string;
}

/** changelog.Debian, from CHANGELOG.md. */
export function debianChangelog(markdown: string, options: ChangelogOptions): string {
  return releases(markdown)
    .map((release) => entry(release, options))
    .join('\n');
}

function entry({ version, date, items }: Release, options: ChangelogOptions): string {
  const changes = items.flatMap((item) => fill(item.replaceAll('`', ''), '  * ', '    '));
  return [
    `k8slab (${version === undefined ? options.version : `${version}-1`}) unstable; urgency=medium`,
    ...['', ...changes, ''],
    ` -- ${options.maintainer}  ${rfc5322(date ?? options.date)}`,
    '',
  ].join('\n');
}

function releases(markdown: string): Release[] {
  return markdown.split(/^## /m).flatMap((part, index) => {
    if (index === 0) return [];
    const [title = '', ...rest] = part.split('\n');
    const [, version, day] = /^(\d\S*)(?:.*?(\d{4}-\d\d-\d\d))?/.exec(title) ?? [];
    const items = rest.join('\n').split(/^- /m).slice(1);
    const date = day === undefined ? undefined : new Date(day);
    return [{ version, date, items: items.map((item) => item.trim().replaceAll(/\s+/g, ' ')) }];
  });
}

function fill(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(first + word);
    else if (last.length + word.length >= 79) lines.push(next + word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function rfc5322(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

import { isRecord } from './envelope.ts';
import { formatPath } from './path.ts';
import type { FieldIssue, FieldPath } from './types.ts';

/**
 * Fields that stand beside the mapping they belong into, which is then empty, are one slip of the indentation and not as many
 * errors as there are fields.
 */
export function oneSlip(issues: readonly FieldIssue[], value: unknown): readonly FieldIssue[] {
  const slips = issues.flatMap((issue) => slipAt(issue, issues, value));
  if (slips.length === 0) return issues;
  const told = new Set(slips.flatMap(({ empty, followers }) => [empty, ...followers]));
  return [...slips.map(({ issue }) => issue), ...issues.filter((issue) => !told.has(issue))];
}

interface Slip {
  readonly empty: FieldIssue;
  readonly followers: readonly FieldIssue[];
  readonly issue: FieldIssue;
}

function slipAt(empty: FieldIssue, issues: readonly FieldIssue[], value: unknown): Slip[] {
  const { path, code } = empty;
  if (code !== 'WrongType' || path.length === 0 || valueAt(value, path) !== null) return [];
  const followers = issues.filter((issue) => issue.code === 'UnknownField' && belongsBelow(issue, path));
  if (followers.length === 0) return [];
  const names = followers.map((issue) => String(issue.path.at(-1))).join(', ');
  const message = `it is empty, since its fields stand beside it and not below it: ${names}`;
  const hint = `indent them further than ${String(path.at(-1))}`;
  return [{ empty, followers, issue: { path, code, message, hint } }];
}

function belongsBelow({ path, hint }: FieldIssue, parent: FieldPath): boolean {
  const field = path.at(-1) ?? '';
  const beside = formatPath(path.slice(0, -1)) === formatPath(parent.slice(0, -1));
  return beside && hint === `"${field}" belongs at ${formatPath([...parent, field])}`;
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)] as unknown;
    return isRecord(at) ? at[part] : undefined;
  }, value);
}

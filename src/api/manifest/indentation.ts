import type { ManifestKindDefinition } from '../kinds/kinds.ts';
import { isRecord } from './envelope.ts';
import { meantBy } from './fields.ts';
import { formatPath } from './path.ts';
import type { FieldIssue, FieldPath } from './types.ts';

/**
 * Fields that stand beside the mapping they belong into, which is then empty, are one slip of the indentation and not as many
 * errors as there are fields.
 */
export function oneSlip(
  issues: readonly FieldIssue[],
  value: unknown,
  kind: ManifestKindDefinition,
): readonly FieldIssue[] {
  const unknown = issues.filter(({ code }) => code === 'UnknownField');
  const beside = Map.groupBy(unknown, ({ path }) => formatPath(path.slice(0, -1)));
  const slips = issues
    .filter(({ path, code }) => code === 'WrongType' && path.length > 0 && valueAt(value, path) === null)
    .flatMap((issue) => slipAt(issue, beside.get(formatPath(issue.path.slice(0, -1))) ?? [], kind));
  if (slips.length === 0) return issues;
  const told = new Set(slips.flatMap(({ empty, followers }) => [empty, ...followers]));
  return [...slips.map(({ issue }) => issue), ...issues.filter((issue) => !told.has(issue))];
}

interface Slip {
  readonly empty: FieldIssue;
  readonly followers: readonly FieldIssue[];
  readonly issue: FieldIssue;
}

/** @param beside unknown fields of the mapping that the empty one is in */
function slipAt(empty: FieldIssue, beside: readonly FieldIssue[], kind: ManifestKindDefinition): Slip[] {
  const { path, code } = empty;
  const followers = beside.filter((issue) => belongsBelow(issue, path, kind));
  if (followers.length === 0) return [];
  const names = followers.map((issue) => String(issue.path.at(-1))).join(', ');
  const message = `it is empty, since its fields stand beside it and not below it: ${names}`;
  const hint = `indent them further than ${String(path.at(-1))}`;
  return [{ empty, followers, issue: { path, code, message, hint } }];
}

/** Whether the field is one that nothing but `parent` has. */
function belongsBelow({ path }: FieldIssue, parent: FieldPath, kind: ManifestKindDefinition): boolean {
  const field = String(path.at(-1));
  const meant = meantBy(kind, path.slice(0, -1), field);
  return meant.type === 'elsewhere' && meant.paths.join() === formatPath([...parent, field]);
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)] as unknown;
    return isRecord(at) ? at[part] : undefined;
  }, value);
}

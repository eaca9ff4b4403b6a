import { ReasonedError } from '../../api/errors.ts';
import type { Operand, Operator, Part, Path, Step } from './parse.ts';

/** Prints a template as kubectl does: the values of one path with spaces between, maps and lists as JSON. */
export function renderTemplate(parts: readonly Part[], root: unknown): string {
  return renderParts(parts, { root, current: root });
}

/** The values that a path finds; none where there is no such field. */
export function findValues(path: Path, root: unknown, current: unknown = root): unknown[] {
  return walk(path.steps, [path.root ? root : current], root);
}

/** A value as text: strings as they are, all else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Scope {
  readonly root: unknown;
  readonly current: unknown;
}

function renderParts(parts: readonly Part[], scope: Scope): string {
  return parts.map((part) => renderPart(part, scope)).join('');
}

function renderPart(part: Part, { root, current }: Scope): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'path':
      return findValues(part.path, root, current).map(textOf).join(' ');
    case 'range':
      return findValues(part.over, root, current)
        .map((each) => renderParts(part.body, { root, current: each }))
        .join('');
  }
}

function walk(steps: readonly Step[], from: readonly unknown[], root: unknown): unknown[] {
  return steps.reduce<unknown[]>((values, step) => take(step, values, root), [...from]);
}

function take(step: Step, values: readonly unknown[], root: unknown): unknown[] {
  // A union names all of the first, then all of the second, as kubectl prints it.
  if (step.type === 'union') return step.paths.flatMap((path) => walk(path, values, root));
  return values.flatMap((value) => takeOne(step, value, root));
}

function takeOne(step: Exclude<Step, { type: 'union' }>, value: unknown, root: unknown): unknown[] {
  switch (step.type) {
    case 'field':
      return fieldOf(value, step.name);
    case 'key':
      return hasField(value, step.name) ? fieldOf(value, step.name) : walk(step.path, [value], root);
    case 'wildcard':
      return childrenOf(value);
    case 'descend':
      return descend(value);
    case 'index':
      return indexOf(value, step.at);
    case 'slice':
      return sliceOf(value, step);
    case 'filter':
      return childrenOf(value).filter((child) => passes(step, child, root));
  }
}

function hasField(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
}

function fieldOf(value: unknown, name: string): unknown[] {
  return hasField(value, name) ? [value[name]] : [];
}

function childrenOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function descend(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(descend)];
}

function indexOf(value: unknown, at: number): unknown[] {
  if (value === null || value === undefined) return [];
  const list = listOf(value);
  const index = at < 0 ? at + list.length : at;
  if (index >= 0 && index < list.length) return [list[index]];
  const message = `cannot take item ${at}: array index out of bounds, the list has ${list.length}`;
  throw new ReasonedError('BadTemplate', message);
}

function sliceOf(value: unknown, step: Extract<Step, { type: 'slice' }>): unknown[] {
  if (value === null || value === undefined) return [];
  const list = listOf(value);
  return list.slice(step.start, step.end).filter((_, index) => index % step.step === 0);
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new ReasonedError('BadTemplate', `cannot take an item of ${textOf(value)}: it is not a list`);
}

function passes(
  { left, op, right }: Extract<Step, { type: 'filter' }>,
  child: unknown,
  root: unknown,
): boolean {
  const [found, ...more] = valuesOf(left, child, root);
  if (op === undefined || right === undefined) return found !== undefined;
  const [wanted] = valuesOf(right, child, root);
  if (more.length > 0)
    throw new ReasonedError('BadTemplate', 'cannot filter: can only compare one element at a time');
  return found !== undefined && wanted !== undefined && holds(op, found, wanted);
}

function valuesOf(operand: Operand, child: unknown, root: unknown): unknown[] {
  return 'value' in operand ? [operand.value] : findValues(operand, root, child);
}

function holds(op: Operator, left: unknown, right: unknown): boolean {
  if (op === '==') return left === right;
  if (op === '!=') return left !== right;
  const order = compare(left, right);
  if (order === undefined) return false;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[op];
}

/** Undefined where the two have no order. */
function compare(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  return undefined;
}

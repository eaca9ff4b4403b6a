import { ReasonedError } from '../errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** Whether an object with these labels is meant. */
export type LabelMatch = (labels: Labels | undefined) => boolean;

const QUALIFIED = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/**
 * A label selector as kubectl's `-l` has it: `zone=a,tier!=web,env in (dev,test),!old,rank>3`. Undefined for one that is
 * empty, which means everything.
 * @throws ReasonedError BadRequest
 */
export function parseLabelSelector(text: string): LabelMatch | undefined {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return undefined;
  const requirements: LabelMatch[] = [];
  for (;;) {
    requirements.push(requirement(tokens));
    const next = tokens.shift();
    if (next === undefined) break;
    if (next !== ',') throw unparsable(`found '${next}', expected: ',' or end of string`);
  }
  return (labels) => requirements.every((meets) => meets(labels));
}

function tokensOf(text: string): string[] {
  const tokens = text.match(/!=|==|[=!,()<>]|[^\s=!,()<>]+/g) ?? [];
  return [...tokens];
}

function requirement(tokens: string[]): LabelMatch {
  const absent = tokens[0] === '!' && tokens.shift() !== undefined;
  const key = keyOf(tokens.shift());
  if (absent) return (labels) => valueOf(labels, key) === undefined;
  const operator = tokens[0];
  if (operator === undefined || operator === ',') return (labels) => valueOf(labels, key) !== undefined;
  tokens.shift();
  switch (operator) {
    case '=':
    case '==':
      return isIn(key, [value(tokens)]);
    case '!=':
      return not(isIn(key, [value(tokens)]));
    case 'in':
      return isIn(key, values(tokens));
    case 'notin':
      return not(isIn(key, values(tokens)));
    case '>':
    case '<':
      return compared(key, operator, value(tokens));
    default:
      throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, >, <`);
  }
}

function keyOf(token: string | undefined): string {
  if (token === undefined || /^[=!,()<>]/.test(token))
    throw unparsable(`found '${token ?? ''}', expected: !, identifier, or 'end of string'`);
  if (!QUALIFIED.test(token)) throw unparsable(`"${token}" is not the key of a label`);
  return token;
}

/** One value, which may be empty. */
function value(tokens: string[]): string {
  if (tokens[0] === undefined || tokens[0] === ',' || tokens[0] === ')') return '';
  const token = tokens.shift() ?? '';
  if (!VALUE.test(token)) throw unparsable(`"${token}" is not the value of a label`);
  return token;
}

function values(tokens: string[]): string[] {
  if (tokens.shift() !== '(') throw unparsable("expected: '('");
  const found: string[] = [];
  for (;;) {
    found.push(value(tokens));
    const next = tokens.shift();
    if (next === ')') return found;
    if (next !== ',') throw unparsable(`found '${next ?? ''}', expected: ',' or ')'`);
  }
}

function isIn(key: string, wanted: readonly string[]): LabelMatch {
  const set = new Set<string | undefined>(wanted);
  return (labels) => set.has(valueOf(labels, key));
}

function not(meets: LabelMatch): LabelMatch {
  return (labels) => !meets(labels);
}

function compared(key: string, operator: '>' | '<', bound: string): LabelMatch {
  if (!/^-?\d+$/.test(bound)) throw unparsable(`for '${operator}' the value must be an integer`);
  const limit = Number(bound);
  return (labels) => {
    const label = valueOf(labels, key);
    if (label === undefined || !/^-?\d+$/.test(label)) return false;
    return operator === '>' ? Number(label) > limit : Number(label) < limit;
  };
}

function valueOf(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function unparsable(why: string): ReasonedError {
  return new ReasonedError('BadRequest', `unable to parse requirement: ${why}`);
}

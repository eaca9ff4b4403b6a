/** A rule between fields in the Common Expression Language, as an API server checks it before it stores an object. */
export interface CelRule {
  /** Where `self` is: `spec`, `spec.disk`, `spec.networks[]` for each item. */
  readonly at: string;
  /** True where all is well. */
  readonly rule: string;
  readonly message: string;
  /** The field below `at` that is to blame, such as `.gateway`. */
  readonly fieldPath?: string;
}

/** A string of CEL. */
export function celString(text: string): string {
  return JSON.stringify(text);
}

/** A regular expression of JavaScript for Go's engine. @throws RangeError where that has no such thing */
export function celPattern(pattern: string): string {
  if (/\(\?|\\[1-9bB]/.test(pattern)) throw new RangeError(`Go has no such regular expression: ${pattern}`);
  return pattern
    .replaceAll(String.raw`\/`, '/')
    .replaceAll(String.raw`\0`, String.raw`\x00`)
    .replaceAll(/\\u([0-9a-f]{4})/gi, String.raw`\x{$1}`)
    .replaceAll(String.raw`\S`, `[^${SPACES}]`)
    .replaceAll(String.raw`\s`, SPACES);
}

/** What JavaScript takes for a space, for the inside of a class. */
const SPACES = String.raw`\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`;

/** Whether the text is an IPv4 address, so that what follows may read it as one. */
export function isAddress(text: string): string {
  return `(isIP(${text}) && ip(${text}).family() == 4)`;
}

/** The value of an IPv4 address. */
export function addressValue(text: string): string {
  const parts = [16_777_216, 65_536, 256, 1];
  return `(${parts.map((factor, index) => `int(${text}.split('.')[${index}]) * ${factor}`).join(' + ')})`;
}

/** Whether `text` is a block without host bits. */
export function isBlock(text: string): string {
  return `cidr(${text}) == cidr(${text}).masked()`;
}

export function overlap(a: string, b: string): string {
  return `(cidr(${a}).containsCIDR(${b}) || cidr(${b}).containsCIDR(${a}))`;
}

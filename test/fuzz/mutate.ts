import fc from 'fast-check';

/** One change of an input. */
type Edit = (input: Buffer) => Buffer;

export interface Material {
  /** Good inputs, and those that once found something. */
  readonly seeds: readonly Buffer[];
  /** Words that mean something to the reader. */
  readonly words: readonly string[];
  /** The reader gets no more than so many bytes. */
  readonly maxBytes: number;
}

/** What trips readers of any format: limits of numbers, names of every object's own fields, characters that are not what they look like. */
const WORDS = [
  ...[
    '0',
    '-1',
    '2147483648',
    '4294967296',
    '9007199254740993',
    '18446744073709551616',
    '1e999',
    'NaN',
    '0x7f',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'true', '""', '{}', '[]'],
  ...[
    '\0',
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '\t',
    '\u001b[2J',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\ufffd',
  ],
  ...[
    'é',
    'e\u0301',
    '名',
    '😀',
    '\u{1f468}\u200d\u{1f469}',
    ' ',
    '  ',
    '/',
    '\\',
    '..',
    ':',
    ',',
    '=',
    '#',
    '"',
    "'",
  ],
].map((word) => Buffer.from(word));

/** No text in UTF-8. */
const BYTES = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]].map((bytes) =>
  Buffer.from(bytes),
);

const NUMBERS = [
  '0',
  '-1',
  '-0',
  '00',
  '1.5',
  '255',
  '256',
  '65536',
  '2147483648',
  '4294967295',
  '9007199254740993',
  '1e400',
  '9'.repeat(400),
];

const NESTS = [
  ['[', ']'],
  ['{"a":', '}'],
  ['{a: ', '}'],
  ['<a>', '</a>'],
  ['- ', ''],
  ['(', ')'],
  ['"', '"'],
] as const;

/** Any place of an input, or one past its end: the rest of a number too large. Near its beginning more often than not when it shrinks. */
const place = fc.nat(0xffff);
const few = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 10, max: 5000 }) },
);
const many = fc.oneof(
  { weight: 300, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 20, arbitrary: fc.integer({ min: 10, max: 1000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1000, max: 1_000_000 }) },
);

/** Inputs that are nearly good ones. They shrink to a seed with one small edit. */
export function mutants({ seeds, words, maxBytes }: Material): fc.Arbitrary<Buffer> {
  const seed = fc.nat(seeds.length - 1).map((index) => seeds[index] ?? Buffer.alloc(0));
  const word = fc.constantFrom(...words.map((text) => Buffer.from(text)), ...WORDS, ...BYTES);
  const edit = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(place, fc.nat(7)).map(flip) },
    { weight: 2, arbitrary: fc.tuple(place, fc.nat(255)).map(overwrite) },
    { weight: 4, arbitrary: fc.tuple(place, few).map(cut) },
    { weight: 1, arbitrary: place.map(end) },
    { weight: 4, arbitrary: fc.tuple(place, few, many).map((values) => repeat(...values, maxBytes)) },
    { weight: 6, arbitrary: fc.tuple(place, word, few).map((values) => insert(...values, maxBytes)) },
    { weight: 3, arbitrary: fc.tuple(place, seed, place, few).map(splice) },
    { weight: 4, arbitrary: fc.tuple(place, fc.constantFrom(...NUMBERS)).map(renumber) },
    {
      weight: 1,
      arbitrary: fc.tuple(place, fc.constantFrom(...NESTS), many).map((values) => nest(...values, maxBytes)),
    },
  );
  return fc
    .tuple(seed, fc.array(edit, { minLength: 1, maxLength: 6 }))
    .map(([start, edits]) => edits.reduce((input, change) => change(input), start).subarray(0, maxBytes))
    .map((input) => Buffer.from(input));
}

function within(input: Buffer, at: number): number {
  return at % (input.length + 1);
}

/** @param put instead of the bytes between the two */
function put(input: Buffer, from: number, to: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), piece, input.subarray(to)]);
}

function flip([at, bit]: [number, number]): Edit {
  return (input) => {
    const from = within(input, at);
    return put(input, from, from + 1, Buffer.from([(input[from] ?? 0) ^ (1 << bit)]));
  };
}

function overwrite([at, byte]: [number, number]): Edit {
  return (input) => put(input, within(input, at), within(input, at) + 1, Buffer.from([byte]));
}

function cut([at, length]: [number, number]): Edit {
  return (input) => put(input, within(input, at), within(input, at) + length, Buffer.alloc(0));
}

/** The rest of a file that is half written. */
function end(at: number): Edit {
  return (input) => input.subarray(0, within(input, at));
}

function repeat(at: number, length: number, times: number, maxBytes: number): Edit {
  return (input) => {
    const from = within(input, at);
    return put(input, from, from, repeated(input.subarray(from, from + length), times, maxBytes));
  };
}

function insert(at: number, word: Buffer, times: number, maxBytes: number): Edit {
  return (input) => put(input, within(input, at), within(input, at), repeated(word, times, maxBytes));
}

function splice([at, other, from, length]: [number, Buffer, number, number]): Edit {
  return (input) => {
    const start = within(other, from);
    return put(input, within(input, at), within(input, at), other.subarray(start, start + length * 20));
  };
}

/** The number at that place, or the first one behind it, is another one. */
function renumber([at, number]: [number, string]): Edit {
  return (input) => {
    const text = input.toString('latin1');
    const from = text.slice(within(input, at)).search(/[0-9]/);
    if (from === -1) return input;
    const start = within(input, at) + from;
    const digits = /^[0-9]+/.exec(text.slice(start, start + 40))?.[0].length ?? 0;
    return put(input, start, start + digits, Buffer.from(number));
  };
}

function nest(at: number, [open, close]: readonly [string, string], depth: number, maxBytes: number): Edit {
  return (input) => {
    const [before, after] = [open, close].map((text) => repeated(Buffer.from(text), depth, maxBytes / 2));
    return put(
      input,
      within(input, at),
      within(input, at),
      Buffer.concat([before, after].filter((piece) => piece !== undefined)),
    );
  };
}

function repeated(piece: Buffer, times: number, maxBytes: number): Buffer {
  const most = Math.floor(maxBytes / Math.max(piece.length, 1));
  return piece.length === 0 ? piece : Buffer.alloc(piece.length * Math.min(times, most), piece);
}

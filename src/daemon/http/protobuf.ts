/** The little of protobuf that kubectl speaks where it does not speak JSON: messages of strings, booleans and messages. */

/** A field as it goes over the wire. */
export function text(field: number, value: string | undefined): Buffer {
  return value === undefined || value === '' ? EMPTY : message(field, Buffer.from(value));
}

export function flag(field: number, value: boolean | undefined): Buffer {
  return value === true ? Buffer.concat([varint(field << 3), varint(1)]) : EMPTY;
}

export function message(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | LENGTH_DELIMITED), varint(body.length), body]);
}

const EMPTY = Buffer.alloc(0);
const LENGTH_DELIMITED = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

/**
 * The fields of a message that have a length, by their numbers; the last one counts.
 * @throws RangeError for what is no message
 */
export function fieldsOf(body: Buffer): ReadonlyMap<number, Buffer> {
  const fields = new Map<number, Buffer>();
  const reader = { body, at: 0 };
  while (reader.at < body.length) {
    const tag = readVarint(reader);
    const [field, type] = [tag >>> 3, tag & 7];
    if (type === LENGTH_DELIMITED) fields.set(field, take(reader, readVarint(reader)));
    else skip(reader, type);
  }
  return fields;
}

interface Reader {
  readonly body: Buffer;
  at: number;
}

const VARINT = 0;
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

function skip(reader: Reader, type: number): void {
  const length = FIXED[type];
  if (type === VARINT) readVarint(reader);
  else if (length === undefined) throw new RangeError('no field of protobuf');
  else take(reader, length);
}

function readVarint(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = reader.body.readUInt8(reader.at);
    reader.at += 1;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  throw new RangeError('a number that is too large');
}

function take(reader: Reader, length: number): Buffer {
  const end = reader.at + length;
  if (end > reader.body.length) throw new RangeError('the message breaks off');
  const part = reader.body.subarray(reader.at, end);
  reader.at = end;
  return part;
}

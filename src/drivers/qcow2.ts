import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export interface QemuImageInfo {
  format: string;
  virtualSize: number;
  actualSize: number;
  backing: string | undefined;
  backingFormat: string | undefined;
  dataFile: string | undefined;
}

const HEADER_BYTES = 4096;
const MAGIC = 0x514649fb;
const SECTOR = 512;
const BACKING_FORMAT = 0xe2792aca;

/**
 * What qemu-img would say of a plain qcow2 or raw file, read from it; undefined where only qemu-img can tell. Starting a program for
 * each disk costs more than all else that is looked at, and the more the larger the daemon is, since its page tables are copied.
 */
export async function readImageInfo(path: string, format: string): Promise<QemuImageInfo | undefined> {
  if (format !== 'qcow2' && format !== 'raw') return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    // The size of a block device is not that of its file.
    if (!found.isFile()) return undefined;
    const actualSize = found.blocks * SECTOR;
    if (format === 'raw') return { ...PLAIN, format, virtualSize: roundUp(found.size), actualSize };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const header = parseHeader(buffer.subarray(0, bytesRead), found.size);
    if (header === undefined) return undefined;
    const { backing, ...rest } = header;
    return { ...PLAIN, ...rest, format, actualSize, backing: backing && resolve(dirname(path), backing) };
  } finally {
    await file.close();
  }
}

const PLAIN = { backing: undefined, backingFormat: undefined, dataFile: undefined };

/** As QEMU counts a file that is no multiple of a sector. */
function roundUp(size: number): number {
  return Math.ceil(size / SECTOR) * SECTOR;
}

/** json: and protocols such as nbd: are QEMU's to read, and so are names that are not whole, not UTF-8 or longer than it takes. */
const PLAIN_NAME = /^[^:\p{Cc}\ufffd]{1,1023}$/u;

type Header = Pick<QemuImageInfo, 'virtualSize' | 'backing' | 'backingFormat'>;

/** Undefined for what is not qcow2, is not whole, or has more than this knows. */
function parseHeader(bytes: Buffer, fileSize: number): Header | undefined {
  const fields = readFields(bytes);
  if (fields === undefined) return undefined;
  const { version, encryption, features, headerLength, virtualSize } = fields;
  if (version !== 2 && version !== 3) return undefined;
  // Of the features that must be understood only the compression type and "not closed" change nothing of what is told.
  const unknown = (features & ~0b1001n) !== 0n;
  if (encryption !== 0 || unknown || !isWhole(fields, fileSize)) return undefined;
  if (headerLength > bytes.length || !Number.isSafeInteger(virtualSize)) return undefined;
  const backing = backingOf(bytes, fields);
  if (backing !== undefined && !PLAIN_NAME.test(backing)) return undefined;
  const format = backing === undefined ? undefined : backingFormatOf(bytes, headerLength);
  return { virtualSize, backing, backingFormat: format };
}

interface Fields {
  readonly version: number;
  readonly backing: { readonly offset: number; readonly length: number };
  readonly clusterBits: number;
  readonly virtualSize: number;
  readonly encryption: number;
  readonly l1: { readonly offset: number; readonly entries: number };
  readonly refcounts: { readonly offset: number; readonly clusters: number };
  /** That a reader must understand. */
  readonly features: bigint;
  readonly headerLength: number;
}

/** Version 2 ends after 72 bytes; what follows there are extensions. */
const V2_LENGTH = 72;
const V3_LENGTH = 104;

/** The header as QEMU's own docs/interop/qcow2.txt lays it out; undefined for what has none, or not all of it. */
function readFields(bytes: Buffer): Fields | undefined {
  if (bytes.length < V3_LENGTH || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const version = bytes.readUInt32BE(4);
  const long = version >= 3;
  return {
    version,
    backing: { offset: Number(bytes.readBigUInt64BE(8)), length: bytes.readUInt32BE(16) },
    clusterBits: bytes.readUInt32BE(20),
    virtualSize: Number(bytes.readBigUInt64BE(24)),
    encryption: bytes.readUInt32BE(32),
    l1: { offset: Number(bytes.readBigUInt64BE(40)), entries: bytes.readUInt32BE(36) },
    refcounts: { offset: Number(bytes.readBigUInt64BE(48)), clusters: bytes.readUInt32BE(56) },
    features: long ? bytes.readBigUInt64BE(72) : 0n,
    headerLength: long ? bytes.readUInt32BE(100) : V2_LENGTH,
  };
}

/** Whether the first bytes are those of a qcow2, be it damaged. */
export function isQcow2(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;
}

const DATA_FILE = 1n << 2n;

/** Whether a qcow2 makes whoever opens it read other files. */
export function namesOtherFiles(bytes: Buffer): boolean {
  const fields = readFields(bytes);
  return fields !== undefined && (fields.backing.offset !== 0 || (fields.features & DATA_FILE) !== 0n);
}

/** The tables that the header names lie within the file. */
function isWhole({ l1, refcounts, clusterBits }: Fields, fileSize: number): boolean {
  const l1End = l1.offset + l1.entries * 8;
  const refcountsEnd = refcounts.offset + refcounts.clusters * 2 ** clusterBits;
  return clusterBits >= 9 && clusterBits <= 21 && l1End <= fileSize && refcountsEnd <= fileSize;
}

/** Empty where it is not within the bytes. */
function backingOf(bytes: Buffer, { backing: { offset, length } }: Fields): string | undefined {
  if (offset === 0) return undefined;
  return offset + length > bytes.length ? '' : bytes.toString('utf8', offset, offset + length);
}

/** From the header's extensions, each of a type, a length and data padded to eight bytes. */
function backingFormatOf(bytes: Buffer, start: number): string | undefined {
  for (let at = start; at + 8 <= bytes.length;) {
    const [type, length] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    if (type === 0) return undefined;
    if (type === BACKING_FORMAT) return bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return undefined;
}

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

type Header = Pick<QemuImageInfo, 'virtualSize' | 'backing' | 'backingFormat'>;

/** Undefined for what is not qcow2, is not whole, or has more than this knows: QEMU's own docs/interop/qcow2.txt. */
function parseHeader(bytes: Buffer, fileSize: number): Header | undefined {
  if (bytes.length < 104 || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) return undefined;
  const encrypted = bytes.readUInt32BE(32) !== 0;
  // Of the features that must be understood only the compression type and "not closed" change nothing of what is told.
  const unknown = version === 3 && (bytes.readBigUInt64BE(72) & ~0b1001n) !== 0n;
  if (encrypted || unknown || !isWhole(bytes, fileSize)) return undefined;
  const backing = backingOf(bytes);
  // json: and protocols such as nbd: are QEMU's to read.
  if (backing?.includes(':') === true) return undefined;
  const format =
    backing === undefined ? undefined : backingFormatOf(bytes, version === 3 ? bytes.readUInt32BE(100) : 72);
  return { virtualSize: Number(bytes.readBigUInt64BE(24)), backing, backingFormat: format };
}

/** The tables that the header names lie within the file. */
function isWhole(bytes: Buffer, fileSize: number): boolean {
  const l1End = Number(bytes.readBigUInt64BE(40)) + bytes.readUInt32BE(36) * 8;
  const clusterBits = bytes.readUInt32BE(20);
  const refcounts = Number(bytes.readBigUInt64BE(48)) + bytes.readUInt32BE(56) * 2 ** clusterBits;
  return clusterBits >= 9 && clusterBits <= 21 && l1End <= fileSize && refcounts <= fileSize;
}

function backingOf(bytes: Buffer): string | undefined {
  const offset = Number(bytes.readBigUInt64BE(8));
  if (offset === 0) return undefined;
  return bytes.toString('utf8', offset, offset + bytes.readUInt32BE(16));
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

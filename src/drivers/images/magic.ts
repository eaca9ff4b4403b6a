import { open } from 'node:fs/promises';
import { isQcow2, namesOtherFiles } from '../qcow2.ts';

export type Packing = 'gzip' | 'zstd' | 'xz';

/** What a file is by its first bytes: packed, a qcow2, something that is no disk image, or else raw. */
export type Content =
  | { kind: Packing }
  /** `safe`: it names no other file for whoever opens it to read. */
  | { kind: 'qcow2'; safe: boolean }
  | { kind: 'raw' }
  | { kind: 'unusable'; what: string; hint: string };

const SNIFFED = 1024;
const SECTOR = 512;

const convert = 'convert it with qemu-img convert';
const wrongUrl =
  'the source is a page about the image, an error page or a login; use the address of the image itself';
const notIt = 'use the image itself, not a list, a checksum, a signature or a page about it';
const unpackIt = 'unpack it and use the image inside';

const FOREIGN: readonly { magic: string; at?: number; what: string; hint: string }[] = [
  { magic: 'KDMV', what: 'a VMDK image', hint: convert },
  { magic: 'conectix', what: 'a VHD image', hint: convert },
  { magic: 'vhdxfile', what: 'a VHDX image', hint: convert },
  { magic: '\x7f\x10\xda\xbe', at: 64, what: 'a VDI image', hint: convert },
  { magic: 'PK\x03\x04', what: 'a zip archive', hint: unpackIt },
  { magic: 'ustar', at: 257, what: 'a tar archive', hint: unpackIt },
  { magic: '7z\xbc\xaf\x27\x1c', what: 'a 7z archive', hint: unpackIt },
  { magic: '!<arch>\n', what: 'a Debian package or library', hint: notIt },
  { magic: '\x7fELF', what: 'a program', hint: notIt },
  { magic: '%PDF-', what: 'a PDF document', hint: notIt },
  { magic: 'BZh', what: 'a bzip2 file', hint: unpackIt },
  { magic: '\x04\x22\x4d\x18', what: 'an lz4 file', hint: unpackIt },
];

/** Reads the first bytes of a file and tells what they are. */
export async function sniff(path: string): Promise<Content> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED), 0, SNIFFED, 0);
    const { size } = await file.stat();
    return contentOf(buffer.subarray(0, bytesRead), size);
  } finally {
    await file.close();
  }
}

function contentOf(head: Buffer, size: number): Content {
  const text = head.toString('latin1');
  if (head.length === 0)
    return { kind: 'unusable', what: 'an empty file', hint: 'see what the source really holds' };
  if (text.startsWith('\x1f\x8b')) return { kind: 'gzip' };
  if (text.startsWith('\xfd7zXZ\0')) return { kind: 'xz' };
  // The second form is a skippable frame, which pzstd puts first.
  if (text.startsWith('\x28\xb5\x2f\xfd') || /^[\x50-\x5f]\x2a\x4d\x18/.test(text)) return { kind: 'zstd' };
  if (isQcow2(head)) return { kind: 'qcow2', safe: !namesOtherFiles(head) };
  if (/^(?:\s|\xef\xbb\xbf)*<(!doctype|html|head|\?xml)/i.test(text)) {
    return { kind: 'unusable', what: 'an HTML or XML page', hint: wrongUrl };
  }
  const foreign = FOREIGN.find(({ magic, at = 0 }) => text.startsWith(magic, at));
  if (foreign !== undefined) return { kind: 'unusable', what: foreign.what, hint: foreign.hint };
  return rawContent(head, size);
}

/** Nothing marks a raw disk, which may be a bare file system; yet it has whole sectors, and no tool fills its first ones with text. */
function rawContent(head: Buffer, size: number): Content {
  if (isText(head)) return { kind: 'unusable', what: 'a text file', hint: notIt };
  if (size % SECTOR === 0) return { kind: 'raw' };
  const what = `no disk: its ${size} bytes are not whole sectors of ${SECTOR}`;
  return { kind: 'unusable', what, hint: 'it was cut short or is something else; get the source anew' };
}

function isText(head: Buffer): boolean {
  try {
    // The last character may be cut.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return !/[\0-\x07\x0e-\x1a\x1c-\x1f\x7f]/.test(text);
  } catch {
    return false;
  }
}

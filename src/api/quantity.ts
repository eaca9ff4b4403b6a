import { ReasonedError } from './errors.ts';

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  T: 1000 ** 4,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};
const BINARY = ['Ti', 'Gi', 'Mi', 'Ki'] as const;

/** Bytes of a quantity such as `16Gi`, exact; throws a ReasonedError on anything else. */
export function parseBytes(quantity: string): number {
  const match = /^([1-9][0-9]*)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity);
  const bytes = Number(match?.[1] ?? Number.NaN) * (FACTORS[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  const why = match === null ? 'it is not a quantity of bytes such as 16Gi' : 'it is too large';
  throw new ReasonedError('InvalidQuantity', `cannot read quantity "${quantity}": ${why}`);
}

const MIB = 1024 ** 2;

/** As libvirt counts the memory of a guest: begun ones are whole ones. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MIB);
}

export function bytesOfMebibytes(count: number): number {
  return count * MIB;
}

/** Disks are whole sectors of this many bytes; QEMU rounds up what is not. */
const SECTOR = 512;

/** Bytes of a disk of that size: a quantity rounded up to whole sectors, as QEMU makes it. Throws as parseBytes. */
export function diskBytes(quantity: string): number {
  return Math.ceil(parseBytes(quantity) / SECTOR) * SECTOR;
}

/** The shortest binary quantity that is exactly `bytes`: `16Gi`, `1536Mi`, or the plain number. */
export function formatBytes(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new ReasonedError('InvalidQuantity', `cannot write ${bytes} bytes: it is not a whole number`);
  }
  const unit = BINARY.find((name) => bytes > 0 && bytes % (FACTORS[name] ?? 1) === 0);
  return unit === undefined ? String(bytes) : `${bytes / (FACTORS[unit] ?? 1)}${unit}`;
}

/** A size as a person reads it: `1.4 GiB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

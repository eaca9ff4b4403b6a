import { ReasonedError } from '../api/errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `30s`, `1m30s`, `0`, `-1s`. @throws ReasonedError BadArgument */
export function parseDuration(text: string): number {
  const match = /^(-?)((?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+|0)$/.exec(text);
  if (match === null) {
    const hint = 'such as 30s, 5m or 1h30m';
    throw new ReasonedError('BadArgument', `cannot wait for "${text}": it is no duration`, { hint });
  }
  const parts = [...(match[2] ?? '').matchAll(/(?<![0-9.])([0-9.]+)(ms|s|m|h)/g)];
  const sum = parts.reduce((total, [, value, unit = '']) => total + Number(value) * (UNITS[unit] ?? 0), 0);
  return match[1] === '-' ? -sum : sum;
}

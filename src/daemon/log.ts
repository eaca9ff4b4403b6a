import { pino, type Logger as PinoLogger } from 'pino';
import type { DaemonConfig } from '../api/daemon-config.ts';

/** syslog's priorities, which journald reads from a `<N>` before the line. */
const PRIORITIES: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };

/**
 * JSON lines on stdout. Under journald each carries its priority, and no time of its own: the journal has both.
 */
export function createLog(level: DaemonConfig['logLevel'], journald: boolean): PinoLogger {
  const options = {
    level,
    base: null,
    redact: { paths: ['*.privateKey', '*.userData'], censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }), log: roundSeconds },
  };
  if (!journald) return pino(options, pino.destination({ dest: 1, sync: true }));
  const destination = pino.destination({ dest: 1, sync: true });
  const prefixed = {
    lastLevel: 30,
    // Tells pino to set lastLevel before each write.
    [Symbol.for('pino.metadata')]: true,
    write(line: string) {
      destination.write(`<${PRIORITIES[prefixed.lastLevel] ?? 6}>${line}`);
    },
  };
  return pino({ ...options, timestamp: false }, prefixed);
}

const DURATIONS = ['seconds', 'retryInSeconds'];

/** Durations are of interest to the millisecond. */
function roundSeconds(fields: Record<string, unknown>): Record<string, unknown> {
  const rounded = DURATIONS.flatMap((name) => {
    const value = fields[name];
    return typeof value === 'number' ? [[name, Math.round(value * 1000) / 1000] as const] : [];
  });
  return rounded.length === 0 ? fields : { ...fields, ...Object.fromEntries(rounded) };
}

import type { LogFields, Logger } from '../../src/engine/logger.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

export interface RecordingLogger extends Logger {
  /** What this logger and its children wrote, with the children's bindings among the fields. */
  readonly lines: LogLine[];
}

export function createRecordingLogger(bindings: LogFields = {}, lines: LogLine[] = []): RecordingLogger {
  function at(level: LogLine['level']): (fields: LogFields, message: string) => void {
    return (fields, message) => void lines.push({ level, fields: { ...bindings, ...fields }, message });
  }
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createRecordingLogger({ ...bindings, ...more }, lines),
  };
}

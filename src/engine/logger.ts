/** What a log line carries beside its message; `err` takes an Error. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The part of pino that k8slab uses: data in `fields`, the message a static string. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `bindings` to every line. */
  child(bindings: LogFields): Logger;
}

/** A logger that says nothing. */
export function silentLogger(): Logger {
  const logger: Logger = { debug: noop, info: noop, warn: noop, error: noop, child: () => logger };
  return logger;
}

function noop(): void {
  // A silent logger has nothing to do.
}

/** What the daemon tells systemd; nothing is sent outside a unit of Type=notify. */
export interface Notifier {
  ready(): Promise<void>;
  status(text: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
  watchdog(): Promise<void>;
  /** Milliseconds between two calls of watchdog(); undefined when the unit has no watchdog. */
  watchdogIntervalMs(): number | undefined;
}

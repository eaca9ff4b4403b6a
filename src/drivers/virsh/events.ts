import type { ChildHandle } from '../exec.ts';

/**
 * `domain`, `network`: something happened to it, such as event "lifecycle" with detail "Started Booted".
 * `lost`: events may have been missed, those before it first listened or those of a gap: look at everything.
 * `ended`: the connection that was listened on ended; libvirt may be gone.
 */
export type LibvirtEvent =
  | { kind: 'domain' | 'network'; name: string; event: string; detail: string }
  | { kind: 'lost'; since: 'start' | 'gap' }
  | { kind: 'ended' };

export interface EventsOptions {
  /** Starts `event --all --loop --timestamp`, or the like of `net-event`. */
  start: () => ChildHandle;
  onEvent: (event: LibvirtEvent) => void;
  /** virsh does not tell when it has begun to listen: after this long it has (ms). */
  settleMs: number;
  /** Between restarts (ms), doubling until one has settled. */
  backoff: { firstMs: number; maxMs: number };
}

/** Names may hold quotes and colons: the details of most events do not. */
const EVENT = /event '([^']+)' for domain '(.*)'(?:: ?([^']*))?$/;
const EVENT_WITH_QUOTES = /event '([^']+)' for domain '(.*?)'(?:: ?(.*))?$/;
const NETWORK_EVENT = /event '([^']+)' for network '?(.*?)'?: ?(\w+)$/;

/** No name and no path that libvirt has makes a longer line; the patterns take the square of its length. */
const LONGEST_LINE = 16_384;

/** Keeps a virsh listening; after each (re)start `lost` is told once it listens. */
export function superviseEvents(options: EventsOptions): { dispose(): Promise<void> } {
  const { onEvent, settleMs, backoff } = options;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let child: ChildHandle | undefined;
  let disposed = false;
  let since: 'start' | 'gap' = 'start';
  let listening = false;

  function listen(): void {
    const current = options.start();
    child = current;
    current.onStdout(
      lines((line) => {
        const event = parseEvent(line);
        if (event !== undefined && !disposed) onEvent(event);
      }),
    );
    timer = setTimeout(() => {
      failures = 0;
      listening = true;
      onEvent({ kind: 'lost', since });
      since = 'gap';
    }, settleMs);
    void current.ended.then(restart);
  }
  function restart(): void {
    clearTimeout(timer);
    if (disposed) return;
    if (listening) onEvent({ kind: 'ended' });
    listening = false;
    timer = setTimeout(listen, Math.min(backoff.maxMs, backoff.firstMs * 2 ** failures));
    failures += 1;
  }

  listen();
  return {
    async dispose() {
      disposed = true;
      clearTimeout(timer);
      child?.kill();
      await child?.ended;
    },
  };
}

/** One line of `event` or `net-event --loop --timestamp`; undefined for anything else ("events received: 0"). */
export function parseEvent(line: string): LibvirtEvent | undefined {
  if (line.length > LONGEST_LINE) return undefined;
  const domain = EVENT.exec(line) ?? EVENT_WITH_QUOTES.exec(line);
  const [, event, name, detail = ''] = domain ?? NETWORK_EVENT.exec(line) ?? [];
  if (event === undefined || name === undefined) return undefined;
  return { kind: domain === null ? 'network' : 'domain', name, event, detail };
}

/** Calls back for each whole line of what arrives in pieces. */
function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new TextDecoder();
  let rest = '';
  return (chunk) => {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(onLine);
  };
}

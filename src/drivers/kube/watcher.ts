import type { Watch } from '@kubernetes/client-node';
import { z } from 'zod';
import type { KubeObject } from '../kube.ts';
import { KubeError, refusal } from './errors.ts';
import type { Transport } from './transport.ts';

export interface WatcherOptions {
  readonly transport: Pick<Transport, 'stream'>;
  readonly kind: string;
  readonly plural: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** An event came: the watch stands. */
  readonly onProgress: () => void;
  /** The API server answered the watch. */
  readonly onOpen: () => void;
}

/** What an informer watches by, in the place of its library's own `Watch`, which knows no bookmarks and drops what it cannot read. */
export type Watcher = Pick<Watch, 'watch'>;

const Event = z.object({ type: z.string(), object: z.looseObject({}) });
type Event = z.infer<typeof Event>;

/** The API server ends watches after some minutes, each client's at another time. */
const LEAST_SECONDS = 300;
/** What makes an informer list anew. */
const GONE = { statusCode: 410 };

export function createWatcher(options: WatcherOptions): Watcher {
  const { transport, kind, plural, random, onProgress, onOpen } = options;

  async function follow(
    path: string,
    query: Record<string, string | undefined>,
    callback: (type: string, object: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const what = `watch ${plural}`;
    const timeoutSeconds = String(Math.round(LEAST_SECONDS * (1 + random())));
    const asked = { ...query, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds };
    const chunks = await transport.stream({ verb: 'watch', kind, what, path, query: asked, signal });
    onOpen();
    for await (const line of lines(chunks)) {
      const event = parseEvent(line);
      if (event.type === 'ERROR') throw failure(what, event.object);
      onProgress();
      callback(event.type, slim(event.object));
    }
  }

  return {
    watch(path, query, callback, done) {
      const controller = new AbortController();
      const asked = Object.fromEntries(
        Object.entries(query).map(([key, value]) => [key, value === undefined ? value : String(value)]),
      );
      follow(path, asked, callback, controller.signal).then(
        () => done(null),
        (error: unknown) => done(error),
      );
      return Promise.resolve(controller);
    },
  };
}

/** Lines that are whole; half of one, at the end of a connection, comes again with the next. */
async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((part) => part !== '');
  }
}

function parseEvent(line: string): Event {
  try {
    return Event.parse(JSON.parse(line));
  } catch (error) {
    // Nobody knows what was missed.
    throw Object.assign(new Error('what the watch told cannot be read', { cause: error }), GONE);
  }
}

function failure(what: string, status: Record<string, unknown>): unknown {
  const { code } = status;
  if (code === 410) return Object.assign(new Error('the version is forgotten'), GONE);
  const error = refusal(what, { code: typeof code === 'number' ? code : 500, body: status });
  return error.code === undefined ? new KubeError('ServerError', error.message) : error;
}

/** Who owns which field is the API server's own business, and half of an object. */
export function slim<T extends Partial<KubeObject> | Record<string, unknown>>(object: T): T {
  const { metadata } = object as { metadata?: Record<string, unknown> };
  if (metadata?.['managedFields'] === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

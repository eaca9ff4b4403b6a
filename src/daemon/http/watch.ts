import type { Clock, Timer } from '../../engine/clock.ts';
import { reasonOf, ReasonedError, toError } from '../../api/errors.ts';
import type { Form } from './accept.ts';
import type { ListQuery } from './query.ts';
import type { Renderer } from './render.ts';
import type { Item, ItemChange, Resource } from './resource.ts';
import { codeOf, failure } from './status.ts';
import type { Turns } from './turns.ts';

/** So many changes wait for a client that does not read; then it has to list again. */
const PENDING_LIMIT = 4096;
/** So many lines are sent at a time. */
const BATCH = 256;
const BOOKMARK_MS = 60_000;
/** As long as an API server's, when the client does not say. */
const DEFAULT_SECONDS = 30 * 60;

export interface WatchDeps<T extends Item> {
  readonly resource: Resource<T>;
  readonly renderer: Renderer<T>;
  readonly form: Form;
  readonly query: ListQuery<T>;
  readonly clock: Clock;
  readonly turns: Turns;
  /** Spread over clients, so that they do not all come back at once. */
  readonly spread: (ms: number) => number;
}

type Waiting<T> =
  | Pick<ItemChange<T>, 'type' | 'object'>
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEnd: boolean }
  | { readonly type: 'ERROR'; readonly error: Error };

interface State<T extends Item> {
  readonly deps: WatchDeps<T>;
  waiting: Waiting<T>[];
  /** What is told first is taken from here, so that a list is not written at once for a client that reads slowly. */
  demand: (() => void) | undefined;
  first: boolean;
  ended: boolean;
  readonly release: (() => void)[];
}

/**
 * The answer to a watch: a line of JSON per change. A line is made when the client has read those before it, and once for
 * all clients; what waits for a client is only which changes.
 */
export function watchStream<T extends Item>(deps: WatchDeps<T>): ReadableStream<Uint8Array> {
  const state: State<T> = { deps, waiting: [], demand: undefined, first: true, ended: false, release: [] };
  let send: () => void = () => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        send = () => sendWaiting(state, controller);
        begin(state, () => wake(state, send));
      },
      pull() {
        return new Promise<void>((resolve) => {
          state.demand = resolve;
          send();
        });
      },
      cancel() {
        end(state);
        // A turn that was asked for already finds nobody to send to.
        state.demand = undefined;
      },
    },
    { highWaterMark: 0 },
  );
}

function begin<T extends Item>(state: State<T>, woken: () => void): void {
  const { resource, query, clock, spread } = state.deps;
  const { resourceVersion: asked } = query;
  const initial = query.sendInitialEvents || asked === '' || asked === '0';
  const since = initial ? resource.latest() : asked;
  if (initial) {
    const objects = query.selects === undefined ? resource.list() : resource.list().filter(query.selects);
    for (const object of objects) state.waiting.push({ type: 'ADDED', object });
    if (query.sendInitialEvents && query.bookmarks)
      state.waiting.push({ type: 'BOOKMARK', resourceVersion: since, initialEnd: true });
  }
  // Those that were there already do not count as changes that pile up.
  const limit = state.waiting.length + PENDING_LIMIT;
  try {
    state.release.push(
      resource.watch(since, (change) => {
        const seen = seenBy(change, query.selects);
        if (seen === undefined || state.ended) return;
        state.waiting.push(seen);
        if (state.waiting.length > limit) breakOff(state, tooSlow());
        woken();
      }),
    );
  } catch (error) {
    breakOff(state, toError(error));
  }
  if (state.ended) return;
  const ms =
    query.timeoutSeconds === undefined ? spread(DEFAULT_SECONDS * 1000) : query.timeoutSeconds * 1000;
  const timer = clock.setTimer(ms, () => {
    bookmark(state);
    end(state);
    woken();
  });
  state.release.push(() => timer.cancel());
  if (query.bookmarks) bookmarkNowAndThen(state, woken);
}

function bookmarkNowAndThen<T extends Item>(state: State<T>, woken: () => void): void {
  const { clock } = state.deps;
  let timer: Timer = clock.setTimer(BOOKMARK_MS, beat);
  function beat(): void {
    bookmark(state);
    woken();
    timer = clock.setTimer(BOOKMARK_MS, beat);
  }
  state.release.push(() => timer.cancel());
}

function bookmark<T extends Item>({ deps: { query, resource }, waiting }: State<T>): void {
  // One that the client has not taken yet tells as much.
  if (!query.bookmarks || waiting.at(-1)?.type === 'BOOKMARK') return;
  waiting.push({ type: 'BOOKMARK', resourceVersion: resource.latest(), initialEnd: false });
}

/** An object that a selector means from now on is added for the client, one that it means no more is deleted. */
function seenBy<T>(
  { type, object, previous }: ItemChange<T>,
  selects: ListQuery<T>['selects'],
): Pick<ItemChange<T>, 'type' | 'object'> | undefined {
  if (selects === undefined) return { type, object };
  const is = selects(object);
  if (type !== 'MODIFIED') return is ? { type, object } : undefined;
  const was = previous === undefined ? is : selects(previous);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object } : undefined;
}

function breakOff<T extends Item>(state: State<T>, error: Error): void {
  state.waiting = [{ type: 'ERROR', error }];
  end(state);
}

/** What waits is sent still. */
function end<T extends Item>(state: State<T>): void {
  state.ended = true;
  for (const release of state.release.splice(0)) release();
}

function tooSlow(): Error {
  return new ReasonedError('Expired', 'too old resource version: the client reads too slowly');
}

/** A thousand clients are not written to in one turn of the event loop. */
function wake<T extends Item>(state: State<T>, send: () => void): void {
  if (state.demand !== undefined) state.deps.turns.add(send);
}

function sendWaiting<T extends Item>(
  state: State<T>,
  controller: ReadableStreamDefaultController<Uint8Array>,
): void {
  const { demand } = state;
  if (demand === undefined) return;
  const lines = state.waiting.splice(0, BATCH).map((each) => lineOf(state, each));
  const [only, second] = lines;
  if (only !== undefined) controller.enqueue(second === undefined ? only : Buffer.concat(lines));
  if (state.ended && state.waiting.length === 0) controller.close();
  else if (only === undefined) return;
  state.demand = undefined;
  demand();
}

function lineOf<T extends Item>(state: State<T>, waiting: Waiting<T>): Uint8Array {
  const { renderer, form } = state.deps;
  if (waiting.type === 'BOOKMARK')
    return renderer.bookmark(waiting.resourceVersion, form, waiting.initialEnd);
  if (waiting.type === 'ERROR') return errorLine(waiting.error);
  const { first } = state;
  state.first = false;
  return renderer.change(waiting, form, first);
}

function errorLine(error: Error): Uint8Array {
  const reason = reasonOf(error, 'Expired');
  const object = failure(reason, error.message, codeOf(reason));
  return Buffer.from(`${JSON.stringify({ type: 'ERROR', object })}\n`);
}

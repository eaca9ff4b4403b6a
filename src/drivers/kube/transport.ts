import { buildConnector, Agent, request as send, type Dispatcher } from 'undici';
import { refusal, unreachable, KubeError, type Answer } from './errors.ts';
import { readAccess, whyRefused, type Access } from './kubeconfig.ts';

export type KubeVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** One request, as it ended; of a watch, as it began. */
export interface KubeRequestSeen {
  readonly verb: KubeVerb;
  /** `Node`, `Lease`, `Event`, … */
  readonly kind: string;
  /** The HTTP status; `error` where there was no answer. */
  readonly code: number | 'error';
  readonly seconds: number;
}

export interface KubeRequest {
  readonly verb: KubeVerb;
  readonly kind: string;
  /** For errors, such as `list Nodes`. */
  readonly what: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly contentType?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
  readonly onRequest?: ((seen: KubeRequestSeen) => void) | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
  readonly monotonic?: (() => number) | undefined;
  /** A watch of which nothing came for so long has ended. */
  readonly silenceMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

/** Requests to an API server, each with a deadline and errors that say why. */
export interface Transport {
  /** The body of an answer of success. @throws KubeError */
  request(request: KubeRequest): Promise<unknown>;
  /** The body of a watch, as it comes, once the API server has answered. @throws KubeError, also while it is read */
  stream(request: KubeRequest): Promise<AsyncIterable<string>>;
  dispose(): Promise<void>;
}

const METHODS: Readonly<Record<KubeVerb, Dispatcher.HttpMethod>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  apply: 'PATCH',
  delete: 'DELETE',
};
const DEADLINE_MS = 10_000;
/** An API server tells its watches where they are once a minute. */
const SILENCE_MS = 90_000;
/** Tokens and certificates are replaced while we run. */
const REREAD_MS = 60_000;

interface Line {
  readonly access: Access;
  readonly agent: Agent;
  readonly key: string;
}

export function createTransport(options: TransportOptions): Transport {
  const { kubeconfig, onRequest, now = Date.now, monotonic = performance.now.bind(performance) } = options;
  const { silenceMs = SILENCE_MS, deadlineMs: usual = DEADLINE_MS } = options;
  let isOver = false;
  let line: Line | undefined;
  let readAt = -Infinity;

  async function currentLine(): Promise<Line> {
    if (line !== undefined && monotonic() - readAt < REREAD_MS) return line;
    const access = await readAccess(kubeconfig);
    readAt = monotonic();
    const key = JSON.stringify(access);
    if (line?.key === key) return line;
    // What runs on the old connections goes on there.
    void line?.agent.close();
    line = { access, agent: createAgent(access), key };
    return line;
  }

  /** @returns the answer, once its head is in */
  async function begin(request: KubeRequest, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { verb, kind, what, path, query = {}, body, contentType = 'application/json' } = request;
    const { access, agent } = await currentLine();
    const since = monotonic();
    function seen(code: KubeRequestSeen['code']): void {
      onRequest?.({ verb, kind, code, seconds: (monotonic() - since) / 1000 });
    }
    try {
      const response = await send(`${access.server}${path}`, {
        method: METHODS[verb],
        query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)),
        headers: {
          accept: 'application/json',
          'user-agent': 'k8slabd',
          ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        dispatcher: agent,
        headersTimeout: request.deadlineMs ?? usual,
        bodyTimeout: silenceMs,
        ...(signal === undefined ? {} : { signal }),
      });
      seen(response.statusCode);
      if (response.statusCode < 300) return response;
      throw await refused(what, access, response);
    } catch (error) {
      if (!(error instanceof KubeError)) seen('error');
      throw failure(request, error);
    }
  }

  async function refused(
    what: string,
    access: Access,
    response: Dispatcher.ResponseData,
  ): Promise<KubeError> {
    const retryAfter = response.headers['retry-after'];
    const answer: Answer = {
      code: response.statusCode,
      body: parseJson(await response.body.text()),
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    };
    const error = refusal(what, answer);
    if (answer.code !== 401) return error;
    // Perhaps the file has better ones by now.
    readAt = -Infinity;
    const why = whyRefused(access, now()) ?? 'the API server does not know who this is';
    const hint = `put a new certificate or token into ${kubeconfig}`;
    return new KubeError('Unauthorized', `cannot ${what}: of "${kubeconfig}" ${why}`, { code: 401, hint });
  }

  async function* read(request: KubeRequest, body: AsyncIterable<string>): AsyncGenerator<string> {
    try {
      yield* body;
    } catch (error) {
      throw failure(request, error);
    }
  }

  /** What we end ourselves is no failure of the API server's. */
  function failure({ what, signal }: KubeRequest, error: unknown): unknown {
    if (error instanceof KubeError || signal?.aborted === true || isOver) return error;
    return unreachable(what, line?.access.server ?? 'the API server', error);
  }

  return {
    async request(request) {
      const deadline = AbortSignal.timeout(request.deadlineMs ?? usual);
      const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
      const { body } = await begin(request, signal);
      try {
        return await body.json();
      } catch (error) {
        throw failure(request, error);
      }
    },
    async stream(request) {
      const { body } = await begin(request, request.signal);
      return read(request, body.setEncoding('utf8'));
    },
    async dispose() {
      isOver = true;
      await line?.agent.destroy();
    },
  };
}

const CONNECT_MS = 10_000;

function createAgent({ ca, cert, key, serverName }: Access): Agent {
  const connect = buildConnector({
    timeout: CONNECT_MS,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
  return new Agent({ connect });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}

import assert from 'node:assert/strict';
import { ReasonedError } from '../../src/api/errors.ts';
import type { WatchingClient } from '../../src/cli/client.ts';

/** What a request is answered with: a value, an error, or for a watch its lines and how it ends. */
export type Answer = unknown;

/** A server that answers what a test says, request by request; `asked` has what it was asked. */
export interface Script {
  readonly client: WatchingClient;
  readonly asked: string[];
}

/** @param answers the path, up to its query, and what it is answered with, one answer after the other; the last one stays */
export function script(answers: Readonly<Record<string, readonly Answer[]>>): Script {
  const asked: string[] = [];
  const left = new Map(Object.entries(answers).map(([path, list]) => [path, [...list]]));
  function next(method: string, path: string): unknown {
    asked.push(`${method} ${decodeURIComponent(path)}`);
    const list = left.get(`${method} ${path.replace(/\?.*$/, '')}`);
    if (list === undefined || list.length === 0) assert.fail(`nobody expected ${method} ${path}`);
    const answer = list.length === 1 ? list[0] : list.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  }
  const client: WatchingClient = {
    get: (path) => Promise.resolve().then(() => next('GET', path)),
    post: () => assert.fail('posted'),
    stream: () => assert.fail('posted'),
    async *watch(path) {
      await Promise.resolve();
      for (const line of next('WATCH', path) as readonly unknown[]) {
        if (line instanceof Error) throw line;
        yield JSON.stringify(line);
      }
    },
  };
  return { client, asked };
}

/** An object as the API shows it. */
export function thing(name: string, version: number, more: Readonly<Record<string, unknown>> = {}): object {
  const { metadata, ...fields } = more as { metadata?: object };
  return {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-${name}`,
      generation: 1,
      resourceVersion: String(version),
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    ...fields,
  };
}

export function listOf(version: number, ...items: readonly object[]): object {
  return { kind: 'NodeList', apiVersion: 'v1', metadata: { resourceVersion: String(version) }, items };
}

export function unreachable(): ReasonedError {
  return new ReasonedError('DaemonUnreachable', 'cannot reach k8slabd at "/s": refused');
}

import { createHash } from 'node:crypto';
import { API_VERSION } from '../../api/meta.ts';
import type { KubeEvent, KubeEventTarget } from '../kube.ts';
import { KubeError } from './errors.ts';
import type { Transport } from './transport.ts';

/** Events about objects without a namespace are in this one. */
const PATH = '/api/v1/namespaces/default/events';
const kind = 'Event';
const LONGEST_MESSAGE = 1024;

/** Writes an Event, or counts it up where it is there. `reporter` is the vmhost's name. */
export async function writeEvent(
  { request }: Pick<Transport, 'request'>,
  reporter: string,
  about: KubeEventTarget,
  event: KubeEvent,
): Promise<void> {
  const name = nameOf(reporter, about, event);
  const what = `write an Event about ${about.kind} "${about.metadata.name}"`;
  async function create(): Promise<void> {
    const body = bodyOf(name, reporter, about, event);
    await request({ verb: 'create', kind, what, path: PATH, body });
  }
  async function count(): Promise<void> {
    const path = `${PATH}/${encodeURIComponent(name)}`;
    const body = { count: event.count, lastTimestamp: event.lastTimestamp };
    await request({ verb: 'patch', kind, what, path, body, contentType: 'application/merge-patch+json' });
  }
  if (event.count <= 1) await create().catch(unless('AlreadyExists', count));
  // The API server forgets Events after an hour.
  else await count().catch(unless('NotFound', create));
}

function unless(reason: string, otherwise: () => Promise<void>): (error: unknown) => Promise<void> {
  return (error) => {
    if (error instanceof KubeError && error.reason === reason) return otherwise();
    throw error;
  };
}

/** The same for the same happening, whoever writes it how often. */
function nameOf(reporter: string, { kind: of, metadata }: KubeEventTarget, event: KubeEvent): string {
  const parts = [
    reporter,
    of,
    metadata.name,
    metadata.uid,
    event.type,
    event.reason,
    event.message,
    event.firstTimestamp,
  ];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${metadata.name}.${hash.slice(0, 16)}`;
}

function bodyOf(name: string, reporter: string, about: KubeEventTarget, event: KubeEvent): object {
  const { message, ...rest } = event;
  const { name: of, uid, resourceVersion } = about.metadata;
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'default' },
    involvedObject: { apiVersion: API_VERSION, kind: about.kind, name: of, uid, resourceVersion },
    ...rest,
    message: message.slice(0, LONGEST_MESSAGE),
    source: { component: 'k8slabd', host: reporter },
    reportingComponent: 'k8slab.io/k8slabd',
    reportingInstance: reporter,
  };
}

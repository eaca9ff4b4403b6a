import type { KindMap } from '../api/meta.ts';
import type { Snapshot } from '../api/manifest/snapshot.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { KeyPair } from '../drivers/keys.ts';
import type { Controller } from '../engine/controller.ts';
import type { EventRecorder } from '../engine/events.ts';
import type { Memory } from '../engine/memory.ts';
import type { Metrics } from '../engine/metrics.ts';
import type { Source } from '../engine/source.ts';
import type { StatusSink } from '../engine/status-sink.ts';
import type { ApiServer } from './api-server/open.ts';
import type { Queues } from './controllers.ts';
import type { Health } from './health.ts';
import type { Journal } from './journal.ts';
import type { Manifests } from './manifests.ts';
import type { Reconcilers } from './planner.ts';
import type { Removals } from './removals.ts';
import type { Enqueue } from './triggers.ts';
import type { Drivers } from './wiring.ts';

/** All parts of a daemon, connected; nothing runs yet. */
export interface Parts {
  readonly store: ObjectStore;
  readonly journal: Journal;
  readonly source: Source<Snapshot>;
  readonly sink: StatusSink<KindMap>;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly drivers: Drivers;
  readonly queues: Queues;
  readonly enqueue: Enqueue;
  readonly manifests: Manifests;
  readonly removals: Removals;
  readonly controllers: Controller[];
  readonly health: Health;
  readonly reconcilers: Reconcilers;
  readonly memory: Memory;
  readonly identity: KeyPair;
  /** Undefined: the directory has the objects. */
  readonly apiServer: ApiServer | undefined;
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '../../src/api/kinds/list.ts';
import { namesOf } from '../../src/api/kinds/kinds.ts';
import { crdManifests } from '../../src/cli/crds.ts';
import { createKube, type KubeOptions, type KubeRequestSeen } from '../../src/drivers/kube/client.ts';
import type { Kube, KubeChange, KubeWatch } from '../../src/drivers/kube.ts';
import type { ControlPlane } from './control-plane.ts';

/** Makes the API server know our kinds and the namespace of the Leases. */
export async function installKinds(plane: ControlPlane): Promise<void> {
  await plane.must(['apply', '--server-side', '-f', '-'], { input: crdManifests() });
  await plane.must(['create', 'namespace', 'k8slab-system']);
  await plane.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

export interface SeenKube extends Kube {
  /** Each request, in order. */
  readonly seen: KubeRequestSeen[];
  count(verb: KubeRequestSeen['verb']): number;
}

/** A client that tells its requests. */
export function kubeOf(kubeconfig: string, options: Partial<KubeOptions> = {}): SeenKube {
  const seen: KubeRequestSeen[] = [];
  const kube = createKube({
    kubeconfig,
    kinds: KINDS.all.map(namesOf),
    reporter: 'vmhost1',
    onRequest: (each) => void seen.push(each),
    ...options,
  });
  return { ...kube, seen, count: (verb) => seen.filter((each) => each.verb === verb).length };
}

export interface Told {
  readonly watch: KubeWatch;
  readonly changes: KubeChange[];
  /** Resolves at the first change after which it holds. */
  readonly until: (holds: () => boolean) => Promise<void>;
}

export function listen(kube: Kube): Told {
  const changes: KubeChange[] = [];
  const waiting = new Set<() => void>();
  const watch = kube.watch((change) => {
    changes.push(change);
    for (const look of waiting) look();
  });
  return {
    watch,
    changes,
    until: (holds) =>
      new Promise((resolve) => {
        function look(): void {
          if (!holds()) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      }),
  };
}

/** A kubeconfig of these parts, in the control plane's directory. */
export function writeKubeconfig(plane: ControlPlane, name: string, user: object): string {
  const path = join(plane.directory, `${name}.kubeconfig`);
  const cluster = { server: plane.url, 'certificate-authority': plane.authority.cert };
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

import assert from 'node:assert/strict';
import type { Condition } from '../../src/api/meta.ts';
import type { ControlPlane } from '../lab/control-plane.ts';
import type { Lab, LabOptions, Vmhost } from '../lab/lab.ts';
import { bootLab, startDaemon, tutorialManifests } from './bed.ts';
import { until } from './node-bed.ts';

/** Objects as the API server has them. */
export interface Served {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly networks?: readonly { address?: string }[] };
  readonly status?: {
    readonly vmhost?: string;
    readonly address?: string;
    readonly sshPublicKey?: string;
    readonly conditions?: readonly Condition[];
    readonly allocations?: readonly { node: string; address: string; podCIDR?: string }[];
  };
}

/** A lab of several vmhosts whose objects an API server has. */
export interface ManyVmhosts {
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly apply: (...manifests: readonly string[]) => Promise<void>;
  readonly get: (resource: string, name: string) => Promise<Served | undefined>;
  readonly list: (resource: string) => Promise<Served[]>;
  /** Waits until as many are Ready, and no other is there. */
  readonly nodesReady: (count: number, seconds?: number) => Promise<void>;
  /** The vmhost that a Node is bound to. */
  readonly vmhostOf: (node: string) => Promise<Vmhost>;
}

/** Boots them with the tutorial's manifests applied, on one network over all, and every k8slabd started. */
export async function bootVmhosts(options: LabOptions & { name: string }): Promise<ManyVmhosts> {
  const lab = await bootLab({ vmhosts: 3, ...options, controlPlane: true });
  const { controlPlane } = lab;
  assert.ok(controlPlane);
  const self = manyVmhosts(lab, controlPlane);
  // A Node that is bound never moves: whoever is to get one is there before.
  await Promise.all(lab.vmhosts.map(startDaemon));
  await until('every Vmhost is Ready', async () => {
    const vmhosts = await self.list('kvh');
    return vmhosts.length === 3 && vmhosts.every((each) => conditionIn(each, 'Ready')?.status === 'True');
  });
  await letIn(self);
  await self.apply(...[...tutorialManifests().values()].map(overVmhosts));
  return self;
}

/** The tutorial's network is on one vmhost alone. */
function overVmhosts(text: string): string {
  return /^kind: Network$/m.test(text) ? text.replace(/^spec:$/m, 'spec:\n  overlay: {}') : text;
}

/** As whoever runs the vmhosts does once: their daemons may go through each other, and nothing else. */
async function letIn({ lab, list }: ManyVmhosts): Promise<void> {
  const keys = (await list('kvh')).map(
    ({ status }) => `restrict,port-forwarding ${status?.sshPublicKey ?? ''}\n`,
  );
  await Promise.all(
    lab.vmhosts.map((vmhost) => vmhost.writeFile('/root/.ssh/authorized_keys', keys.join(''))),
  );
}

export function manyVmhosts(lab: Lab, controlPlane: ControlPlane): ManyVmhosts {
  const self: ManyVmhosts = {
    lab,
    controlPlane,
    apply: async (...manifests) => {
      await controlPlane.mustKubectl(['apply', '-f', '-'], { input: manifests.join('\n---\n') });
    },
    get: async (resource, name) => {
      const { code, stdout } = await controlPlane.kubectl(['get', resource, name, '-o', 'json']);
      return code === 0 ? (JSON.parse(stdout) as Served) : undefined;
    },
    list: async (resource) => {
      const text = await controlPlane.mustKubectl(['get', resource, '-o', 'json']);
      return (JSON.parse(text) as { items: Served[] }).items;
    },
    nodesReady: async (count, seconds = 300) => {
      const ready = async (): Promise<boolean> => {
        const nodes = await self.list('kn');
        return nodes.length === count && nodes.every((node) => conditionIn(node, 'Ready')?.status === 'True');
      };
      await until(`${count} Nodes are Ready`, ready, seconds).catch(async (error: unknown) => {
        console.log(await controlPlane.mustKubectl(['get', 'k8slab', '-o', 'yaml']));
        throw error;
      });
    },
    vmhostOf: async (node) => {
      const name = (await self.get('kn', node))?.status?.vmhost;
      const found = lab.vmhosts.find(({ hostname }) => hostname === name);
      assert.ok(found, `${node} is bound to ${name}`);
      return found;
    },
  };
  return self;
}

export function conditionIn(object: Served | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** A guest that is as small as they come, with an address of the network's choice. */
export function smallNode(name: string, more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: ${name}}
spec:
  role: worker
  memory: 192Mi
  disk: {size: 64Mi, image: guest}
  networks: [{network: k8s-net}]
${more}`;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork, type NetworkModel } from '../../../src/api/libvirt/network.ts';
import type { NodeManifest } from '../../../src/api/network/claims.ts';
import { desireNetwork } from '../../../src/api/network/desire.ts';
import { liveEntries } from '../../../src/api/network/liveness.ts';
import type { ObservedNetwork } from '../../../src/api/network/observed.ts';
import { planNetwork } from '../../../src/api/network/plan.ts';
import { hostDirs, look, node, spec } from './bed.ts';

const WIDE = {
  spec: spec({ cidr: '10.0.0.0/16', dhcp: {}, podCIDR: { cidr: '10.128.0.0/9', nodeMaskSize: 24 } }),
};

/** The list, counting how often one of its items is looked at. */
function counted<T extends object>(items: readonly T[], count: { visits: number }): readonly T[] {
  return items.map(
    (item) =>
      new Proxy(item, {
        get(target, key, receiver): unknown {
          count.visits += 1;
          return Reflect.get(target, key, receiver);
        },
      }),
  );
}

function observe(text: string, count: { visits: number }): ObservedNetwork {
  const document = parseNetwork(text);
  const { mark } = document.model;
  assert.ok(mark);
  const model: NetworkModel = {
    ...document.model,
    hosts: counted(document.model.hosts, count),
    dns: { ...document.model.dns, hosts: counted(document.model.dns.hosts, count) },
    mark: { ...mark, entries: counted(mark.entries, count) },
  };
  return {
    ...{ active: true, persistent: true, autostart: true, filtersFrames: false, guests: [], ports: [] },
    config: { ...document, model },
    live: { ...document, model },
    hostFiles: { reservations: [], names: [] },
    neighbours: { networks: [], unreadable: [], routes: [], bridgeNameTaken: false },
  };
}

/** How often a pass looks at an entry of a network of that many Nodes, while one more comes. */
function visits(size: number): number {
  const nodes = Array.from({ length: size }, (_, index): NodeManifest => {
    return node(`n${String(index).padStart(5, '0')}`, {}, { role: 'worker' });
  });
  const define = look(nodes, {}, WIDE).actions.find((action) => action.type === 'DefineNetwork');
  const count = { visits: 0 };
  const observed = observe(define?.xml ?? '', count);
  const { desired, refusals } = desireNetwork({
    ...{ name: 'k8s-net', spec: WIDE.spec, nodes: [...nodes, node('new')], keeps: () => true, hostDirs },
    ...(observed.config === undefined ? {} : { config: observed.config.model }),
    ...(observed.live === undefined ? {} : { live: observed.live.model }),
  });
  const { actions } = planNetwork(desired, observed);
  const isLive = liveEntries(observed);

  assert.deepEqual(refusals, []);
  assert.deepEqual(
    actions.map(({ type }) => type),
    ['DefineNetwork', 'WriteHostFiles', 'ReloadDnsmasq'],
  );
  assert.equal(desired.entries.filter(isLive).length, size);
  return count.visits;
}

describe('planning a network', () => {
  it('looks at each entry equally often, however many there are', () => {
    const [few, many] = [visits(100), visits(400)];

    assert.ok(many <= few * 4.1, `${few} visits of 100 entries, ${many} of 400`);
  });
});

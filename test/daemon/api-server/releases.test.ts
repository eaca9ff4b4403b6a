import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createFakeClock, settleFiles } from '../../engine/fake-clock.ts';
import { attachedText, imageText, networkText } from '../../api/manifest/samples.ts';
import { createFakeApiServer, type FakeApiServer } from '../../kube/fake.ts';
import { startLoaded, type LoadedDaemon } from '../../load/daemon.ts';
import { condition, put, ready } from './bed.ts';

/** A daemon on the API server, and what makes time pass for both. */
interface Bed {
  readonly server: FakeApiServer;
  readonly lab: LoadedDaemon;
  readonly until: (what: string, holds: () => boolean, mostSeconds?: number) => Promise<void>;
}

async function bed(): Promise<Bed> {
  const clock = createFakeClock();
  const server = createFakeApiServer({ now: () => clock.now() });
  const machine = { machineID: 'v1'.padEnd(32, '0'), bootID: 'b' };
  const shared = { name: 'v1', kube: server.client('v1'), machine };
  const lab = await startLoaded({ clock, prepare: () => Promise.resolve(), shared });
  async function pass(seconds: number): Promise<void> {
    for (let past = 0; past < seconds; past += 1) {
      await clock.advance(1000);
      lab.guests.act();
      await settleFiles();
    }
  }
  async function until(what: string, holds: () => boolean, mostSeconds = 600): Promise<void> {
    for (let seconds = 0; !holds(); seconds += 1) {
      assert.ok(seconds < mostSeconds, `${what}: ${JSON.stringify(lab.daemon.notReady())}`);
      await pass(1);
    }
  }
  return { server, lab, until };
}

function node(name: string, vmhost: string, spec: object = {}): string {
  return attachedText(
    name,
    { address: `192.168.111.${name === 'a' ? 20 : 21}`, vlan: 7 },
    { vmhost, ...spec },
  );
}

describe('a daemon beside CustomResourceDefinitions of a newer release', () => {
  let found: Bed;
  before(async () => {
    found = await bed();
    const { server, until } = found;
    put(server, networkText('k8s-net', { overlay: {}, flavour: { of: 'some sort' } }));
    put(server, imageText('debian'));
    put(server, node('a', 'v1', { disk: { image: 'debian', encryption: 'luks' } }));
    put(server, node('b', 'v2'));
    await until('Ready', () => ready(server, 'Node', 'a') === 'True');
  });
  after(() => found.lab.stop());

  it('goes by the fields that it knows, and says which it does not know and what helps', async () => {
    const { server, lab, until } = found;
    await until('said', () => condition(server, 'Node', 'a', 'FieldsIgnored') !== undefined);

    const { status, reason, message } = condition(server, 'Node', 'a', 'FieldsIgnored') ?? {};
    assert.deepEqual([status, reason], ['True', 'NewerRelease']);
    assert.match(
      String(message),
      /^k8slabd \S+ does not know spec\.disk\.encryption, spec\.networks\[0\]\.vlan, and goes by the rest: upgrade k8slab on this vmhost$/,
    );
    assert.ok(lab.world.domains.has('a'));
  });

  it('names a Node of another vmhost though it does not know all fields of it', () => {
    assert.match(found.lab.world.files.get('/etc/hosts') ?? '', /^192\.168\.111\.21 b$/m);
  });

  it('has nothing more to say once nobody uses such a field', async () => {
    const { server, until } = found;
    put(server, attachedText('a', { address: '192.168.111.20' }, { vmhost: 'v1' }));

    // Nothing else of it has changed.
    await until('unsaid', () => condition(server, 'Node', 'a', 'FieldsIgnored') === undefined, 10);

    assert.equal(ready(server, 'Node', 'a'), 'True');
  });
});

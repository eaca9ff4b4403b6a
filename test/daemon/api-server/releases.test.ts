import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { attachedText, imageText, networkText } from '../../api/manifest/samples.ts';
import type { LoadedDaemon } from '../../load/daemon.ts';
import { condition, createBed, put, ready, sharing } from './bed.ts';

function node(name: string, vmhost: string, spec: object = {}): string {
  return attachedText(
    name,
    { address: `192.168.111.${name === 'a' ? 20 : 21}`, vlan: 7 },
    { vmhost, ...spec },
  );
}

describe('a daemon beside CustomResourceDefinitions of a newer release', () => {
  const { server, start, pass, until } = createBed();
  let lab: LoadedDaemon;
  before(async () => {
    lab = await start(sharing(server, 'v1'));
    put(server, networkText('k8s-net', { overlay: {}, flavour: { of: 'some sort' } }));
    put(server, imageText('debian'));
    put(server, node('a', 'v1', { disk: { image: 'debian', encryption: 'luks' } }));
    put(server, node('b', 'v2'));
    await until('Ready', () => ready(server, 'Node', 'a') === 'True');
  });
  after(() => lab.stop());

  it('goes by the fields that it knows, and says which it does not know and what helps', async () => {
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
    assert.match(lab.world.files.get('/etc/hosts') ?? '', /^192\.168\.111\.21 b$/m);
  });

  it('has nothing more to say once nobody uses such a field', async () => {
    put(server, attachedText('a', { address: '192.168.111.20' }, { vmhost: 'v1' }));

    // Nothing else of it has changed.
    await pass(10);

    assert.equal(condition(server, 'Node', 'a', 'FieldsIgnored'), undefined);
    assert.equal(ready(server, 'Node', 'a'), 'True');
  });
});

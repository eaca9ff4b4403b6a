import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { duplicateEntries } from '../../../src/api/status/network.ts';
import { fixture } from '../libvirt/fixtures.ts';

describe('entries of a network that share something', () => {
  it('E08: three machines with one MAC address, as in the tutorial, are told with their addresses', () => {
    const [found] = duplicateEntries(parseNetwork(fixture('network-tutorial')).model);

    assert.deepEqual([found?.type, found?.status], ['DuplicateEntries', 'True']);
    assert.match(
      found?.message ?? '',
      /3 entries have the MAC address 52:54:00:5e:53:fb \(192\.168\.111\.150 master00/,
    );
  });

  it('E08: two entries with one address or one name are told too', () => {
    const model = parseNetwork(
      `<network><ip address='10.0.0.1' prefix='24'><dhcp>
        <host mac='52:54:00:00:00:01' name='a' ip='10.0.0.2'/>
        <host mac='52:54:00:00:00:02' name='b' ip='10.0.0.2'/>
        <host mac='52:54:00:00:00:03' name='b' ip='10.0.0.3'/>
      </dhcp></ip></network>`,
    ).model;

    const message = duplicateEntries(model)[0]?.message ?? '';

    assert.match(message, /2 entries have the address 10\.0\.0\.2/);
    assert.match(message, /2 entries have the name b/);
  });

  it('is no condition at all where nothing is shared', () => {
    assert.deepEqual(duplicateEntries(parseNetwork(fixture('network-live')).model), []);
  });
});

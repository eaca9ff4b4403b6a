import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork, type NetworkDocument } from '../../../src/api/libvirt/network.ts';
import { createNetworkCache } from '../../../src/drivers/libvirt/network-cache.ts';
import type { NetworkListing } from '../../../src/drivers/virsh/listing.ts';

const XML = '<network><name>lab</name><uuid>10000000-0000-4000-8000-000000000001</uuid></network>';
const LAB: NetworkListing = {
  name: 'lab',
  uuid: '10000000-0000-4000-8000-000000000001',
  active: false,
  autostart: false,
  persistent: true,
};

describe('the cache of networks', () => {
  it('keeps nothing of a network that is gone: one of the same text is parsed anew', async () => {
    let listed: NetworkListing[] = [LAB];
    let parses = 0;
    const libvirt = {
      networks: () => Promise.resolve(listed),
      networkXml: () => Promise.resolve(XML),
    };
    const parse = (text: string): NetworkDocument => ((parses += 1), parseNetwork(text));
    const cache = createNetworkCache({ libvirt, now: () => 0, retryMs: 0, onChange: () => undefined, parse });
    const parsesOf = async (listings: NetworkListing[]): Promise<number> => {
      listed = listings;
      await cache.refresh();
      const before = parses;
      await cache.survey();
      return parses - before;
    };

    assert.deepEqual(
      [
        await parsesOf([LAB]),
        await parsesOf([{ ...LAB, autostart: true }]),
        await parsesOf([]),
        await parsesOf([LAB]),
      ],
      [1, 0, 0, 1],
    );
  });
});

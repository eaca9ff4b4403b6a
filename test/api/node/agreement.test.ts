import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressAgreed, dnsAgrees } from '../../../src/api/node/agreement.ts';
import type { NodeProbes } from '../../../src/api/node/probes.ts';

const ADDRESS = '192.168.111.150';
const FQDN = 'master00.k8s-thw.local';
const STALE = '192.168.111.72';
const unnamed: NodeProbes = {
  address: ADDRESS,
  fqdn: FQDN,
  reserved: { defined: true, live: true },
  dns: { addresses: [ADDRESS], names: [FQDN] },
  ssh: { ok: true, reason: 'Reachable', message: '' },
};
const probes: NodeProbes = { ...unnamed, hosts: [ADDRESS] };
const leased = { leased: ADDRESS };

describe('the agreement on an address', () => {
  it('is there when reservation, lease, DNS both ways, /etc/hosts and the guest say the same', () => {
    const { status, message } = addressAgreed(leased, probes);

    assert.deepEqual([status, message], ['True', ADDRESS]);
  });

  it('does not need /etc/hosts where that does not name the guest, nor a lease of a static address', () => {
    assert.equal(addressAgreed({}, unnamed).status, 'True');
  });

  const cases: readonly [string, Parameters<typeof addressAgreed>[0], Partial<NodeProbes>, string, RegExp][] =
    [
      [
        'the definition',
        leased,
        { reserved: { defined: false, live: true } },
        'ReservationDiffers',
        /definition/,
      ],
      [
        'the running network',
        leased,
        { reserved: { defined: true, live: false } },
        'ReservationDiffers',
        /running/,
      ],
      ['the lease', { leased: STALE }, {}, 'LeaseDiffers', /192\.168\.111\.72/],
      [
        "somebody else's lease",
        { ...leased, holder: { ip: ADDRESS, mac: '52:54:00:00:00:09', ours: false, inUse: true } },
        {},
        'LeaseDiffers',
        /52:54:00:00:00:09/,
      ],
      [
        'a second A record',
        leased,
        { dns: { addresses: [STALE, ADDRESS], names: [FQDN] } },
        'ForwardDiffers',
        /72/,
      ],
      ['a reverse lookup', leased, { dns: { addresses: [ADDRESS], names: ['x'] } }, 'ReverseDiffers', /x/],
      ['a stale line in /etc/hosts', leased, { hosts: [STALE] }, 'HostsDiffer', /192\.168\.111\.72/],
      ['no line in /etc/hosts', leased, { hosts: [] }, 'HostsDiffer', /unknown/],
      ['the guest', leased, { ssh: { ok: false, reason: 'x', message: 'refused' } }, 'NotReached', /refused/],
    ];
  for (const [party, address, more, reason, message] of cases) {
    it(`names ${party} when that is what differs`, () => {
      const found = addressAgreed(address, { ...probes, ...more });

      assert.deepEqual([found.status, found.reason], ['False', reason]);
      assert.match(found.message, message);
      assert.match(found.message, new RegExp(`^${ADDRESS.replaceAll('.', '\\.')}: `));
    });
  }
});

describe('the DNS of a network', () => {
  const wanted = { fqdn: 'a.lab', address: '10.0.0.1' };

  it('agrees one way and the other, each for itself, and with no other address', () => {
    const said = (addresses: readonly string[], names: readonly string[]): unknown =>
      Object.values(dnsAgrees({ addresses, names }, wanted));

    assert.deepEqual(said(['10.0.0.1'], ['other', 'a.lab']), [true, true]);
    assert.deepEqual(said(['10.0.0.1', '10.0.0.2'], ['a.lab']), [false, true]);
    assert.deepEqual(said(['10.0.0.1'], []), [true, false]);
    assert.deepEqual(dnsAgrees(undefined, wanted), { forward: false, reverse: false });
  });
});

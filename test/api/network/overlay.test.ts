import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { derivedVni, overlayDevice, VNI_MAX } from '../../../src/api/ipam/names.ts';
import { checkNetwork } from '../../../src/api/network/check.ts';
import { desireOverlay, withOverlay, type OverlayPeers } from '../../../src/api/network/overlay.ts';
import { spec } from './bed.ts';

const PEERS: OverlayPeers = {
  local: '10.0.0.1',
  peers: [
    { vmhost: 'one', address: '10.0.0.1' },
    { vmhost: 'two', address: '10.0.0.2' },
    { vmhost: 'three', address: '10.0.0.3' },
  ],
  macs: [
    { mac: '52:54:00:00:00:0A', vmhost: 'two' },
    { mac: '52:54:00:00:00:0b', vmhost: 'three' },
    { mac: '52:54:00:00:00:0c', vmhost: 'one' },
    { mac: '52:54:00:00:00:0d', vmhost: 'gone' },
  ],
};

const AT = {
  name: 'k8s-net',
  gateway: '192.168.111.1',
  gatewayMac: '52:54:00:AA:AA:AA',
  here: new Set<string>(),
};

function desired(more: object = {}, here: readonly string[] = []): ReturnType<typeof desireOverlay> {
  const own = withOverlay('k8s-net', spec({ overlay: {}, ...more }), undefined);
  return desireOverlay({ ...AT, spec: own, here: new Set(here) }, PEERS);
}

describe('an overlay', () => {
  it('floods to each other vmhost once, and leads to the guests of those that there are', () => {
    const { flood, guests, device } = desired() ?? {};

    assert.deepEqual([...(flood ?? [])], ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual(
      [...(guests ?? [])],
      [
        ['52:54:00:00:00:0a', '10.0.0.2'],
        ['52:54:00:00:00:0b', '10.0.0.3'],
      ],
    );
    assert.equal(device?.local, '10.0.0.1');
  });

  it('never sends frames for a guest of this vmhost elsewhere, whatever the others say', () => {
    assert.equal(desired({}, ['52:54:00:00:00:0a'])?.guests.has('52:54:00:00:00:0a'), false);
  });

  it('has the same VNI and a device of its own on every vmhost, out of the name of the network alone', () => {
    assert.equal(desired()?.device.vni, derivedVni('k8s-net'));
    assert.notEqual(derivedVni('k8s-net'), derivedVni('other'));
    assert.notEqual(overlayDevice('k8s-net'), overlayDevice('other'));
    const names = Array.from({ length: 1000 }, (_, index) => `net-${index}`);
    for (const name of names) {
      assert.ok(derivedVni(name) >= 1 && derivedVni(name) <= VNI_MAX);
      assert.ok(overlayDevice(name).length <= 15);
    }
    assert.equal(desired({ overlay: { vni: 42, port: 8472 } })?.device.vni, 42);
  });

  it('filters anew where gateway or MTU change, and only then', () => {
    const [before, same, other] = [desired(), desired({ domain: 'x.local' }), desired({ mtu: 1400 })];

    assert.equal(before?.filter.chain, same?.filter.chain);
    assert.notEqual(before?.filter.chain, other?.filter.chain);
    assert.ok(before?.filter.rules.some((rule) => rule === 'ether saddr 52:54:00:aa:aa:aa drop'));
  });

  it('asks for an MTU that leaves room, and tells guests of it', () => {
    const own = withOverlay('k8s-net', spec({ overlay: {} }), undefined);

    assert.equal(own.mtu, 1450);
    assert.deepEqual(own.dns.dnsmasqOptions, ['dhcp-option=option:mtu,1450']);
    assert.equal(withOverlay('k8s-net', spec({ overlay: {}, mtu: 8950 }), undefined).mtu, 8950);
    for (const option of ['dhcp-option=26,1400', 'dhcp-option=tag:x,option:mtu,1400']) {
      const said = spec({ overlay: {}, dns: { dnsmasqOptions: [option] } });
      assert.deepEqual(withOverlay('k8s-net', said, undefined).dns.dnsmasqOptions, [option]);
    }
  });

  it('gives a new bridge the same MAC address on every vmhost, and takes none from one that there is', () => {
    const asked = spec({ overlay: {} });
    const named = spec({ overlay: {}, bridge: { mac: '52:54:00:00:00:01' } });

    assert.match(withOverlay('k8s-net', asked, undefined).bridge.mac ?? '', /^52:54:00:/);
    assert.equal(withOverlay('k8s-net', asked, '52:54:00:12:34:56').bridge.mac, undefined);
    assert.equal(withOverlay('k8s-net', named, '52:54:00:12:34:56').bridge.mac, '52:54:00:00:00:01');
  });

  it('that no manifest asks for changes nothing', () => {
    const own = spec();

    assert.equal(withOverlay('k8s-net', own, undefined), own);
    assert.equal(desireOverlay({ ...AT, spec: own }, PEERS), undefined);
  });

  it('is refused on a network of others, and with frames that VXLAN does not carry', () => {
    const issues = (more: object): string[] =>
      checkNetwork(spec({ overlay: {}, ...more })).map(({ path }) => path.join('.'));

    assert.deepEqual(issues({}), []);
    assert.deepEqual(issues({ policy: { adopt: true } }), ['spec.overlay']);
    assert.deepEqual(issues({ mtu: 9216 }), ['spec.mtu']);
    assert.deepEqual(issues({ mtu: 9166 }), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { fixture } from './fixtures.ts';

const DNS_NONE = { enabled: true, forwarders: [], hosts: [] };

describe('the model of a network', () => {
  it('has all that the tutorial prints of k8s-net', () => {
    assert.deepEqual(parseNetwork(fixture('network-tutorial')).model, {
      name: 'k8s-net',
      uuid: '231ecaaa-88ab-4c38-b955-c91b1dff203b',
      forward: { mode: 'nat', dev: 'eth0', ports: '1024-65535' },
      bridge: { name: 'virbr1', stp: 'on', delay: '0' },
      mac: '52:54:00:06:ec:15',
      domain: { name: 'k8s-thw.local', localOnly: false },
      dns: DNS_NONE,
      ip: { address: '192.168.111.1', netmask: '255.255.255.0' },
      ranges: [{ start: '192.168.111.8', end: '192.168.111.254' }],
      hosts: [
        { mac: '52:54:00:5e:53:fb', name: 'master00.k8s-thw.local', ip: '192.168.111.150' },
        { mac: '52:54:00:5e:53:fb', name: 'master01.k8s-thw.local', ip: '192.168.111.135' },
        { mac: '52:54:00:5e:53:fb', name: 'master02.k8s-thw.local', ip: '192.168.111.147' },
      ],
      options: [],
    });
  });

  it('of one that k8slab did not make has no mark', () => {
    const { model } = parseNetwork(fixture('network-default'));

    assert.equal(model.mark, undefined);
    assert.deepEqual(model.forward, { mode: 'nat' });
    assert.deepEqual([model.domain, model.mtu, model.hosts], [undefined, undefined, []]);
  });

  it('of one that k8slab made says in --inactive XML what shall be, in live XML what runs', () => {
    const inactive = parseNetwork(fixture('network-inactive')).model;
    const live = parseNetwork(fixture('network-live')).model;

    assert.deepEqual([inactive.hosts.length, live.hosts.length], [3, 2]);
    assert.deepEqual([inactive.dns.hosts.length, live.dns.hosts.length], [3, 2]);
    assert.deepEqual(inactive.options, live.options);
    assert.deepEqual(
      inactive.options.map((option) => option.split('=')[0]),
      ['dhcp-hostsdir', 'hostsdir'],
    );
    assert.deepEqual([inactive.forward?.ports, live.forward?.ports], [undefined, '1024-65535']);
  });

  it('has several names of one address together, and forwarders for all domains only', () => {
    const { dns } = parseNetwork(`<network><dns enable='no'>
      <forwarder domain='corp.example' addr='192.0.2.9'/><forwarder addr='192.0.2.1'/>
      <host ip='10.9.0.5'><hostname>x</hostname><hostname>y</hostname></host></dns></network>`).model;

    assert.deepEqual(dns, {
      enabled: false,
      forwarders: ['192.0.2.1'],
      hosts: [{ ip: '10.9.0.5', hostnames: ['x', 'y'] }],
    });
  });

  it('E18, E19: takes the IPv4 element wherever it stands, and lower-case MAC addresses', () => {
    const { model } = parseNetwork(`<network><ip family='ipv6' address='fd00::1' prefix='64'>
      <dhcp><host id='0:1' ip='fd00::9'/></dhcp></ip>
      <ip address='10.9.0.1' prefix='24'><dhcp><range start='10.9.0.8' end='10.9.0.20'><lease expiry='10'/></range>
      <host mac='52:54:00:AA:BB:CC' ip='10.9.0.9'/></dhcp></ip></network>`);

    assert.deepEqual(model.ip, { address: '10.9.0.1', prefix: '24' });
    assert.deepEqual(model.hosts, [{ mac: '52:54:00:aa:bb:cc', ip: '10.9.0.9' }]);
    assert.deepEqual(model.ranges, [{ start: '10.9.0.8', end: '10.9.0.20', lease: '600 seconds' }]);
  });

  it('has no forward element where guests are isolated', () => {
    assert.equal(parseNetwork('<network><name>n</name></network>').model.forward, undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExecError } from '../../src/drivers/exec.ts';
import { parseFirewall, readFirewall } from '../../src/drivers/firewall.ts';

const FILTER = `-P INPUT ACCEPT
-P FORWARD DROP
-A FORWARD -j LIBVIRT_FWX
-A LIBVIRT_FWI -d 192.168.111.0/24 -o virbr1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWO -s 192.168.111.0/24 -i virbr1 -j ACCEPT
-A LIBVIRT_FWO -i virbr1 -j REJECT --reject-with icmp-port-unreachable
`;
const NAT = `-P POSTROUTING ACCEPT
-A LIBVIRT_PRT -s 192.168.111.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.111.0/24 ! -d 192.168.111.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 192.168.111.0/24 ! -d 192.168.111.0/24 -j MASQUERADE
`;

describe('the firewall', () => {
  it('is read for what libvirt lets out and translates', () => {
    assert.deepEqual(parseFirewall(FILTER, NAT, ''), {
      forwardPolicy: 'DROP',
      accepted: ['virbr1'],
      masqueraded: ['192.168.111.0/24'],
    });
  });

  it('is read from the table of its own that a newer libvirt keeps', () => {
    const own =
      'table ip libvirt_network {\n  ip saddr 192.168.5.0/24 ip daddr != 192.168.5.0/24 counter masquerade\n}';

    assert.deepEqual(parseFirewall('-P FORWARD ACCEPT\n', '', own).masqueraded, ['192.168.5.0/24']);
  });

  it('is unknown where iptables is missing or refuses', async () => {
    const found = await readFirewall((argv) =>
      Promise.reject(new ExecError('CommandNotFound', 'no such command', { argv })),
    );

    assert.equal(found, undefined);
  });
});

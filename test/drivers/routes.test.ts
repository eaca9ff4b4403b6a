import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRoutes, parseUplinks } from '../../src/drivers/routes.ts';

const TABLE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t026433C6\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
virbr1\t006FA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wg0\t0000C80A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

describe('the routes of the vmhost', () => {
  it('are read with their interfaces, the default one left out', () => {
    assert.deepEqual(parseRoutes(TABLE), [
      { dev: 'eth0', cidr: '198.51.100.0/24' },
      { dev: 'virbr1', cidr: '192.168.111.0/24' },
      { dev: 'wg0', cidr: '10.200.0.0/16' },
    ]);
  });

  it('are none where the table is empty or unreadable', () => {
    assert.deepEqual(parseRoutes(''), []);
    assert.deepEqual(parseRoutes('Iface\nnonsense\n'), []);
  });

  it('lead to the outside through uplinks, the one with the lowest metric first', () => {
    const wifi = 'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n';

    assert.deepEqual(parseUplinks(TABLE), ['eth0']);
    assert.deepEqual(parseUplinks(TABLE.replace('\neth0', `\n${wifi}eth0`)), ['eth0', 'wlan0']);
    assert.deepEqual(parseUplinks(''), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeRelease, sendRelease } from '../../../src/drivers/dnsmasq/release.ts';

const RELEASE = { server: '192.168.111.1', ip: '192.168.111.150', mac: '52:54:00:5e:53:fb' };
const TRANSACTION = Buffer.from('01020304', 'hex');

/** Options by their code, from behind the magic cookie on. */
function options(message: Buffer): Map<number, string> {
  const found = new Map<number, string>();
  for (let at = 240; message[at] !== undefined && message[at] !== 255;) {
    const [code = 0, length = 0] = message.subarray(at, at + 2);
    found.set(code, message.subarray(at + 2, at + 2 + length).toString('hex'));
    at += 2 + length;
  }
  return found;
}

describe('a DHCPRELEASE', () => {
  it('names address, MAC address and server as RFC 2131 has them', () => {
    const message = encodeRelease(RELEASE, TRANSACTION);

    assert.equal(message.subarray(0, 8).toString('hex'), '0101060001020304');
    assert.equal(message.subarray(12, 16).toString('hex'), 'c0a86f96');
    assert.equal(message.subarray(28, 34).toString('hex'), '5254005e53fb');
    assert.equal(message.subarray(236, 240).toString('hex'), '63825363');
    assert.deepEqual(Object.fromEntries(options(message)), { 53: '07', 54: 'c0a86f01' });
  });

  it('names the client by the id that it has the lease by', () => {
    const message = encodeRelease({ ...RELEASE, clientId: 'ff:00:5e:53:fb' }, TRANSACTION);

    assert.equal(options(message).get(61), 'ff005e53fb');
  });

  it('that cannot be sent says which one', async () => {
    await assert.rejects(sendRelease({ ...RELEASE, server: '203.0.113.1' }), /192\.168\.111\.150/);
  });
});

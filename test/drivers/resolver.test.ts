import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createResolver } from '../../src/drivers/resolver.ts';

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 12: 'PTR' };
const NXDOMAIN = 3;
const SERVFAIL = 2;

interface DnsServer {
  port: number;
  /** `A name` or `PTR name` to answers; a name with no entry does not exist. */
  records: Record<string, string[] | 'SERVFAIL' | 'SILENT'>;
  asked: string[];
}

/** A DNS server on loopback that knows A and PTR. */
async function dnsServer(t: TestContext, records: DnsServer['records']): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type } = question(query);
    const key = `${TYPES[type] ?? type} ${name}`;
    asked.push(key);
    const answers = records[key];
    if (answers === 'SILENT') return;
    const known = Object.keys(records).some((record) => record.endsWith(` ${name}`));
    const code = answers === 'SERVFAIL' ? SERVFAIL : answers === undefined && !known ? NXDOMAIN : 0;
    socket.send(reply(query, type, code, Array.isArray(answers) ? answers : []), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { port: socket.address().port, records, asked };
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function reply(query: Buffer, type: number, code: number, answers: string[]): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt32BE(0, 8);
  const records = answers.map((answer) => {
    const data = type === 1 ? Buffer.from(answer.split('.').map(Number)) : encodeName(answer);
    const fixed = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 14, 16, 0, data.length]);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, query.subarray(12, question(query).end), ...records]);
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

describe('createResolver', () => {
  it('returns the addresses and names that the server asked gives, sorted', async (t) => {
    const { port } = await dnsServer(t, {
      'A master00.k8s-thw.local': ['192.168.111.151', '192.168.111.150'],
      'PTR 150.111.168.192.in-addr.arpa': ['master00.k8s-thw.local', 'api.k8s-thw.local'],
    });
    const resolver = createResolver({ port });

    const addresses = await resolver.addresses('127.0.0.1', 'master00.k8s-thw.local');
    const names = await resolver.names('127.0.0.1', '192.168.111.150');

    assert.deepEqual(addresses, ['192.168.111.150', '192.168.111.151']);
    assert.deepEqual(names, ['api.k8s-thw.local', 'master00.k8s-thw.local']);
  });

  it('takes a name that does not exist, or has no record of the kind, for an empty answer', async (t) => {
    const { port } = await dnsServer(t, { 'PTR only-ptr.example': ['x.example'] });
    const resolver = createResolver({ port });

    assert.deepEqual(await resolver.addresses('127.0.0.1', 'none.example'), []);
    assert.deepEqual(await resolver.addresses('127.0.0.1', 'only-ptr.example'), []);
    assert.deepEqual(await resolver.names('127.0.0.1', '192.168.111.9'), []);
  });

  it('never answers from /etc/hosts, neither forward nor reverse', async (t) => {
    const { port, asked } = await dnsServer(t, {
      'A localhost': ['192.0.2.1'],
      'PTR 1.0.0.127.in-addr.arpa': ['from-dns.example'],
    });
    const resolver = createResolver({ port });

    assert.deepEqual(await resolver.names('127.0.0.1', '127.0.0.1'), ['from-dns.example']);
    assert.deepEqual(await resolver.names('127.0.0.1', '::1'), []);
    assert.deepEqual(await resolver.addresses('127.0.0.1', 'none.example'), []);

    assert.ok(asked.some((key) => key.startsWith('PTR 1.0.0.0.0.') && key.endsWith('.ip6.arpa')));
  });

  it('asks anew every time', async (t) => {
    const { port, records } = await dnsServer(t, { 'A a.example': ['192.0.2.1'] });
    const resolver = createResolver({ port });
    await resolver.addresses('127.0.0.1', 'a.example');

    records['A a.example'] = ['192.0.2.2'];

    assert.deepEqual(await resolver.addresses('127.0.0.1', 'a.example'), ['192.0.2.2']);
  });

  it('calls a server that fails, is silent or is not there DnsUnreachable', async (t) => {
    const { port } = await dnsServer(t, { 'A fails.example': 'SERVFAIL', 'A silent.example': 'SILENT' });
    const resolver = createResolver({ port, timeoutMs: 200, tries: 1 });
    const nobody = createResolver({ port: 1, timeoutMs: 200, tries: 1 });

    await assert.rejects(resolver.addresses('127.0.0.1', 'fails.example'), { reason: 'DnsUnreachable' });
    await assert.rejects(resolver.addresses('127.0.0.1', 'silent.example'), {
      reason: 'DnsUnreachable',
      message: 'cannot resolve name "silent.example": 127.0.0.1 does not answer in time',
    });
    await assert.rejects(nobody.addresses('127.0.0.1', 'a.example'), { reason: 'DnsUnreachable' });
    await assert.rejects(resolver.addresses('not an address', 'a.example'), { reason: 'DnsUnreachable' });
  });
});

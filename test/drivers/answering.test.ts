import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { answering } from '../../src/drivers/answering.ts';

const HEADER = 'IP address       HW type     Flags       HW address            Mask     Device\n';
function row(ip: string, flags: string): string {
  return `${ip} 0x1 ${flags} 52:54:00:00:00:01 * virbr1\n`;
}

describe('an address', () => {
  let dir = '';
  const quiet = createSocket('udp4');
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'answering-'));
    quiet.bind(0, '127.0.0.1');
    await once(quiet, 'listening');
  });
  after(async () => {
    quiet.close();
    await rm(dir, { recursive: true });
  });

  /** Asks on a port where 127.0.0.1 takes datagrams without a word and 127.0.0.2 refuses them. */
  async function ask(learned: string): Promise<string[]> {
    const arpFile = join(dir, 'arp');
    await writeFile(arpFile, HEADER + row('127.0.0.1', '0x0'));
    const { port } = quiet.address();
    const refusal = async (): Promise<void> => {
      const other = createSocket('udp4');
      other.connect(port, '127.0.0.2', () => {
        other.send('');
      });
      await once(other, 'error');
      other.close();
      await writeFile(arpFile, HEADER + learned);
    };
    return answering(['127.0.0.1', '127.0.0.2'], { arpFile, port, delay: refusal });
  }

  it('answers where a datagram is refused', async () => {
    assert.deepEqual(await ask(row('127.0.0.1', '0x0')), ['127.0.0.2']);
  });

  it('answers where the kernel learns whose it is', async () => {
    assert.deepEqual(await ask(row('127.0.0.1', '0x2')), ['127.0.0.1', '127.0.0.2']);
  });
});

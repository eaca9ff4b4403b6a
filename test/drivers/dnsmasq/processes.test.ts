import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLook } from '../../../src/drivers/dnsmasq/processes.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dnsmasq-processes-'));
});
after(() => rm(dir, { recursive: true }));

describe('a look at the processes of dnsmasq', () => {
  it('tells of one that ended though its pid file stays, of each once, and of a new one that ends later', async () => {
    const dirs = { pidDir: join(dir, 'run'), procDir: join(dir, 'proc') };
    const process = (pid: number): string => join(dirs.procDir, String(pid));
    await mkdir(dirs.pidDir);
    const begin = async (network: string, pid: number): Promise<void> => {
      await mkdir(process(pid), { recursive: true });
      await writeFile(join(process(pid), 'comm'), 'dnsmasq\n');
      await rm(join(dirs.pidDir, `${network}.pid`), { force: true });
      await writeFile(join(dirs.pidDir, `${network}.pid`), `${pid}\n`);
    };
    const ended: string[] = [];
    const look = createLook(dirs, (network) => ended.push(network));
    await begin('a', 101);
    await begin('b', 102);
    await look();

    await rm(process(101), { recursive: true });
    for (let times = 0; times < 3; times += 1) await look();
    assert.deepEqual(ended, ['a']);

    await begin('a', 103);
    await look();
    await rm(process(103), { recursive: true });
    await look();
    assert.deepEqual(ended, ['a', 'a']);
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { configIn } from './daemon-config.ts';

const K8SLABD = join(import.meta.dirname, '../../cmd/k8slabd.ts');
const DEADLINE_MS = 30_000;

/** The daemon as a process, under a systemd that signals it as soon as it says that it is ready. */
describe('k8slabd', () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'k8slab-run-'));
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** @param atReady what the shell does when it says so; $PPID is the daemon */
  async function run(atReady: string): Promise<{ code: number | null; log: string }> {
    const dir = await mkdtemp(join(root, 'd-'));
    const at = (name: string): string => join(dir, name);
    await mkdir(at('manifests'));
    await writeFile(at('systemd-notify'), `#!/bin/sh\ncase "$*" in *READY=1*) ${atReady} ;; esac\n`);
    await chmod(at('systemd-notify'), 0o755);
    await writeFile(at('k8slabd.yaml'), JSON.stringify(configIn(dir)));
    const env = { PATH: `${dir}:${process.env['PATH'] ?? ''}`, NOTIFY_SOCKET: at('notify') };
    const child = spawn(process.execPath, [K8SLABD, '--config', at('k8slabd.yaml')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, log };
  }

  it('ends in order when it is told to while it says that it is ready', async () => {
    const { code, log } = await run('kill -TERM $PPID');

    assert.equal(code, 0, log);
  });

  it('is not ended by a reload that comes while it says that it is ready', async () => {
    const { code, log } = await run('kill -HUP $PPID; kill -TERM $PPID');

    assert.equal(code, 0, log);
  });
});

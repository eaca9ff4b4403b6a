import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  async function run(
    atReady: string,
    more: Record<string, unknown> = {},
  ): Promise<{ code: number | null; log: string }> {
    const dir = await mkdtemp(join(root, 'd-'));
    const at = (name: string): string => join(dir, name);
    await mkdir(at('manifests'));
    await writeFile(at('systemd-notify'), `#!/bin/sh\ncase "$*" in *READY=1*) ${atReady} ;; esac\n`);
    await chmod(at('systemd-notify'), 0o755);
    await writeFile(at('k8slabd.yaml'), JSON.stringify({ ...configIn(dir), ...more }));
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

  it('U12: ends with an exit code that the unit does not restart when its configuration is not valid', async () => {
    const unit = await readFile('packaging/systemd/k8slabd.service', 'utf8');

    assert.equal((await run('true', { logLevle: 'debug' })).code, 78);
    assert.match(unit, /^RestartPreventExitStatus=78$/m);
  });

  it('U12: says at a reload which fields of the configuration need a restart', async () => {
    const edit = 'sed -i s/\'"maxRemovals":3\'/\'"maxRemovals":4\'/ ${0%/*}/k8slabd.yaml';

    const { log } = await run(`${edit}; kill -HUP $PPID; sleep 1; kill -TERM $PPID`);

    assert.match(log, /"fields":\["maxRemovals"\].*need a restart/);
  });
});

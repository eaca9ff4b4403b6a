import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exec, ExecError, runForeground, spawnProcess } from '../../src/drivers/exec.ts';

/** A grandchild that leaves the group, then tells its pid. */
const ESCAPE = "setsid sh -c 'echo $$; exec sleep 600' & wait";
const LONG = { deadlineMs: 20_000 };

async function failure(promise: Promise<unknown>): Promise<ExecError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ExecError, String(error));
    return error;
  }
  return assert.fail('it succeeded');
}

/** Waits until a process is gone (a zombie of another parent counts as gone). */
async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
    if (/\) [ZX]/.test(stat)) return;
    await new Promise(setImmediate);
  }
}

describe('exec', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'exec-test-'));
  });
  after(() => rm(dir, { recursive: true }));

  it('returns both outputs apart and the code', async () => {
    const result = await exec(['sh', '-c', 'echo out; echo err >&2; exit 3'], { ...LONG, okCodes: [3] });

    assert.deepEqual(result, { stdout: 'out\n', stderr: 'err\n', code: 3 });
  });

  it('E21: hands arguments on as they are, without a shell', async () => {
    const odd = ['a b', '$(id)', '"\'\\', '*', '; exit 1', '動作中', ''];

    const { stdout } = await exec(['printf', '%s\\n', ...odd], LONG);

    assert.equal(stdout, odd.map((arg) => `${arg}\n`).join(''));
  });

  it('feeds input that is larger than a pipe holds', async () => {
    const input = 'x'.repeat(3_000_000);

    const { stdout } = await exec(['cat'], { ...LONG, input });

    assert.equal(stdout.length, input.length);
  });

  it('gives the child English, UTC and nothing of the caller but PATH and HOME', async () => {
    process.env['LANGUAGE'] = 'ja';
    process.env['LANG'] = 'ja_JP.UTF-8';
    process.env['VIRSH_DEBUG'] = '0';

    const { stdout } = await exec(['env'], { ...LONG, env: { EXTRA: 'yes' } });

    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/=.*/, ''))
      .sort();
    assert.deepEqual(names, ['EXTRA', 'HOME', 'LC_ALL', 'PATH', 'TZ']);
    assert.match(stdout, /^LC_ALL=C$/m);
    assert.match(stdout, /^TZ=UTC$/m);
  });

  it('names the Debian package of a missing command', async () => {
    const error = await failure(exec(['/nowhere/virsh', 'list'], LONG));

    assert.equal(error.reason, 'CommandNotFound');
    assert.match(error.hint ?? '', /libvirt-clients/);
    assert.match(error.message, /^cannot run command "\/nowhere\/virsh": /);
  });

  it('tells exit code, signal and the end of stderr in one line', async () => {
    const error = await failure(exec(['sh', '-c', 'echo so; echo no >&2; echo way >&2; exit 7'], LONG));
    const killed = await failure(exec(['sh', '-c', 'kill -TERM $$'], LONG));

    assert.deepEqual(
      { reason: error.reason, code: error.code, stdout: error.stdout, stderr: error.stderr },
      { reason: 'CommandFailed', code: 7, stdout: 'so\n', stderr: 'no\nway\n' },
    );
    assert.equal(error.message, 'cannot run command "sh": exit code 7: no; way');
    assert.equal(killed.signal, 'SIGTERM');
  });

  it('kills the whole group at the deadline and keeps what was printed', async () => {
    const script = 'sleep 600 & echo $!; wait';

    const error = await failure(exec(['sh', '-c', script], { deadlineMs: 300 }));

    assert.equal(error.reason, 'DeadlineExceeded');
    await gone(Number(error.stdout));
  });

  it('ends at the deadline though a grandchild left the group and holds the pipes', async () => {
    const error = await failure(exec(['sh', '-c', ESCAPE], { deadlineMs: 300 }));

    assert.equal(error.reason, 'DeadlineExceeded');
    process.kill(Number(error.stdout), 'SIGKILL');
  });

  it('kills a child that prints more than the cap', async () => {
    const error = await failure(exec(['yes'], { ...LONG, maxOutput: 100_000 }));

    assert.equal(error.reason, 'OutputTooLarge');
    assert.ok(error.stdout.length <= 100_000);
  });

  it('is ended by an abort signal, before the start and after', async () => {
    const controller = new AbortController();
    const running = exec(['sleep', '600'], { ...LONG, signal: controller.signal });
    controller.abort(new Error('enough'));

    const error = await failure(running);
    const early = await failure(
      exec(['sh', '-c', `touch ${dir}/ran`], { ...LONG, signal: controller.signal }),
    );

    assert.equal(error.reason, 'Aborted');
    assert.equal((error.cause as Error).message, 'enough');
    assert.equal(early.reason, 'Aborted');
    assert.equal(existsSync(join(dir, 'ran')), false);
  });

  it('throws the same kind of error for what cannot even be asked of the kernel', async () => {
    const script = join(dir, 'not-executable');
    await writeFile(script, '');
    await chmod(script, 0o600);

    assert.equal((await failure(exec(['echo', 'a\0b'], LONG))).reason, 'CommandFailed');
    assert.equal((await failure(exec([script], LONG))).reason, 'CommandFailed');
  });
});

describe('spawnProcess', () => {
  it('talks to a child line by line and tells its end', async () => {
    const child = spawnProcess(['cat']);
    const heard = new Promise<string>((resolve) => {
      child.onStdout((chunk) => {
        resolve(chunk.toString());
      });
    });

    child.write('hello\n');
    assert.equal(await heard, 'hello\n');
    child.endInput();

    assert.deepEqual(await child.ended, { code: 0, signal: undefined, error: undefined });
    child.write('too late');
    child.kill();
  });

  it('is at its end when killed, though a grandchild left the group and holds the pipes', async () => {
    const child = spawnProcess(['sh', '-c', ESCAPE]);
    const pid = await new Promise<number>((resolve) => {
      child.onStdout((chunk) => {
        resolve(Number(chunk));
      });
    });

    child.kill();

    assert.equal((await child.ended).signal, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
  });

  it('tells a missing command by its end', async () => {
    const child = spawnProcess(['/nowhere/x']);

    child.write('hello');

    assert.equal((await child.ended).error?.code, 'ENOENT');
  });
});

describe('a program on the terminal of this one', () => {
  it('ends with its exit code, and with 128 + n where signal n ended it, as in a shell', async () => {
    assert.equal(await runForeground(['sh', '-c', 'exit 7']), 7);
    assert.equal(await runForeground(['sh', '-c', 'kill -TERM $$']), 143);
    await assert.rejects(runForeground(['/nowhere/x']), { reason: 'CommandNotFound' });
  });

  it('alone is ended by Ctrl+C, which it may also take for something else', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'exec-test-'));
    t.after(() => rm(dir, { recursive: true }));
    const before = process.listenerCount('SIGINT');
    const taken = join(dir, 'taken');
    let during = 0;
    // A signal that came after the program's end would be nobody's.
    process.once('SIGINT', () => {
      during = process.listenerCount('SIGINT');
      writeFileSync(taken, '');
    });
    // The terminal sends it to both.
    const code = await runForeground([
      'sh',
      '-c',
      `trap 'exit 3' INT; kill -INT ${process.pid}; until [ -e ${taken} ]; do :; done; kill -INT $$; sleep 5`,
    ]);

    assert.equal(during, before + 1);
    assert.equal(code, 3);
    assert.equal(process.listenerCount('SIGINT'), before);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { guest, sshFor } from './guest.ts';

describe('running a command in a guest', { timeout: 60_000 }, () => {
  it('gives its code, output and error output, and hands it its input', async (t) => {
    const { target } = await guest(t);
    const ssh = sshFor(t);

    const result = await ssh.exec(target, ['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'in\n日本' });

    assert.deepEqual(result, { code: 3, stdout: 'in\n日本', stderr: 'oops\n' });
  });

  it('tells a command ended by a signal as a shell does', async (t) => {
    const { target } = await guest(t);

    const result = await sshFor(t).exec(target, ['sh', '-c', 'kill -TERM $$']);

    assert.equal(result.code, 128 + 15);
  });

  it('hands over every argument unchanged', async (t) => {
    const { target } = await guest(t);
    const ssh = sshFor(t);
    const argument = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed());
    const nasty = [
      "'",
      "it's",
      '$HOME `id` $(id)',
      'a\nb\n',
      '-n',
      '',
      ' ',
      '\\',
      '"',
      '*',
      '~',
      '!',
      'é日本🙂',
      '\r\t',
    ];

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(argument, fc.constantFrom(...nasty)), { minLength: 1, maxLength: 5 }),
        async (argv) => {
          const { stdout } = await ssh.exec(target, ['printf', '%s\\001', ...argv]);
          assert.equal(stdout, argv.map((each) => `${each}\u0001`).join(''));
        },
      ),
      { numRuns: 40 },
    );
    await assert.rejects(ssh.exec(target, ['echo', 'a\0b']), { reason: 'InvalidArgument' });
  });

  it('puts many calls through one connection, no more at once than the guest takes', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ssh.exec(host.target, ['sh', '-c', `sleep 0.05; echo ${i}`])),
    );

    assert.deepEqual(
      results.map(({ stdout }) => Number(stdout)),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.equal(host.connections, 1);
    assert.ok(host.mostRunning > 1 && host.mostRunning <= 8, `${host.mostRunning} at once`);
  });

  it('gets on with a guest that takes fewer sessions', async (t) => {
    const host = await guest(t);
    host.maxSessions = 2;
    const ssh = sshFor(t);

    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => ssh.exec(host.target, ['echo', `${i}`])),
    );

    assert.equal(results.length, 12);
    assert.ok(host.connections <= 2, `${host.connections} connections`);
  });

  it('connects anew for another user or another host key', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);
    await ssh.exec(host.target, ['true']);
    await ssh.exec({ ...host.target, hostKeys: [...host.target.hostKeys, generateKeyPair('x').publicKey] }, [
      'true',
    ]);

    await assert.rejects(ssh.exec({ ...host.target, user: 'root' }, ['true']), {
      reason: 'AuthenticationFailed',
    });

    assert.equal(host.connections, 3);
  });

  it('closes a connection that is not used', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);

    await sshFor(t, { idleMs: 20 }).exec(host.target, ['true']);

    await closed.promise;
  });

  it('shows the host key anew after a while, also where one command follows the other', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);
    const ssh = sshFor(t, { maxAgeMs: 20 });

    await ssh.exec(host.target, ['true']);
    await closed.promise;
    await ssh.exec(host.target, ['true']);

    assert.equal(host.connections, 2);
  });

  it('tells what a command prints while it runs, whole characters only', async (t) => {
    const host = await guest(t);
    const told: string[] = [];
    const seen = Promise.withResolvers<undefined>();
    const script = String.raw`printf '\346\227'; printf '\245\n'; read -r line; echo "$line"`;

    const running = sshFor(t).exec(host.target, ['sh', '-c', script], {
      input: 'end\n',
      onStdout: (text) => {
        told.push(text);
        seen.resolve(undefined);
      },
    });
    await seen.promise;

    assert.equal((await running).stdout, '日\nend\n');
    assert.equal(told.join(''), '日\nend\n');
  });

  it('closes a connection that nobody waited for', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);
    const givenUp = new AbortController();
    host.onConnection = () => givenUp.abort();

    const running = sshFor(t, { idleMs: 20 }).exec(host.target, ['true'], { signal: givenUp.signal });

    await assert.rejects(running, { reason: 'Aborted' });
    await closed.promise;
  });

  it('connects again after the guest went away', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);
    const ssh = sshFor(t);
    await ssh.exec(host.target, ['true']);

    host.cut();
    await closed.promise;
    await ssh.exec(host.target, ['true']).catch(() => ssh.exec(host.target, ['true']));

    assert.equal(host.connections, 2);
  });
});

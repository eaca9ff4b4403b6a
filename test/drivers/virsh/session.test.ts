import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { isTypeable } from '../../../src/drivers/virsh/frame.ts';
import { createSession } from '../../../src/drivers/virsh/session.ts';
import type { Session } from '../../../src/drivers/virsh/session.ts';
import { LONG, spawnVirsh, TEST_URI, until, writeStub } from './support.ts';

const ARGV = ['virsh', '-q', '-c', TEST_URI];
const MARK = 'kmark';

describe('a session with the real virsh', () => {
  let session: Session;
  let dir = '';
  before(async () => {
    session = createSession({ argv: ARGV, spawn: spawnVirsh, mark: MARK, probeMs: 50 });
    dir = await mkdtemp(join(tmpdir(), 'session-test-'));
  });
  after(async () => {
    await session.dispose();
    await rm(dir, { recursive: true });
  });

  it('E21: hands any typeable argument to virsh unchanged', async () => {
    const argument = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({
        unit: fc.constantFrom('"', "'", '\\', ' ', ';', '#', '-', '$', '!', '~', '=', '動', 'k', 'x'),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        argument.filter((text) => isTypeable([text])),
        async (text) => {
          assert.deepEqual(await session.call(['echo', '--', text], LONG), { stdout: text, stderr: '' });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps several arguments apart, empty ones and those that look like options too', async () => {
    const { stdout } = await session.call(['echo', '--xml', '--', '<a>', '--err', '', '&'], LONG);

    assert.equal(stdout, '&lt;a&gt; --err  &amp;');
  });

  it('tells apart the answers of many calls, those that print nothing or fail among them', async () => {
    for (let i = 0; i < 50; i += 1) {
      assert.deepEqual(await session.call(['echo', String(i)], LONG), { stdout: String(i), stderr: '' });
      assert.deepEqual(await session.call(['net-autostart', 'default'], LONG), { stdout: '', stderr: '' });
      const failure = await session.call(['dumpxml', `none${i}`], LONG);
      assert.equal(failure.stdout, '');
      assert.match(failure.stderr, new RegExp(`^error: failed to get domain 'none${i}'`));
    }
  });

  it('survives what virsh rejects before it runs anything', async () => {
    const cases = [
      ['no-such-command'],
      ['list', '--no-such-option'],
      ['dumpxml'],
      ['echo', '--no-such-option'],
    ];
    for (const argv of cases) {
      const { stdout, stderr } = await session.call(argv, LONG);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: /);
    }

    assert.equal((await session.call(['echo', 'alive'], LONG)).stdout, 'alive');
  });

  it('answers slow calls too, which virsh was asked after meanwhile', async () => {
    const eager = createSession({ argv: ARGV, spawn: spawnVirsh, mark: MARK, probeMs: 0 });

    for (let i = 0; i < 100; i += 1) {
      assert.deepEqual(await eager.call(['echo', String(i)], LONG), { stdout: String(i), stderr: '' });
      assert.match((await eager.call(['dumpxml', 'none'], LONG)).stderr, /^error: [^k]*$/);
      assert.match((await eager.call(['no-such-command'], LONG)).stderr, /^error: unknown command[^k]*$/);
    }

    assert.equal(eager.usable(), true);
    await eager.dispose();
  });

  it('returns output that looks like its marks', async () => {
    const text = [1, 2, 3, 1000]
      .map((n) => `${MARK}x${n}b ${MARK}x${n}e ${MARK}x${n}d virsh # error: ${MARK}`)
      .join();

    assert.equal((await session.call(['echo', '--', text], LONG)).stdout, text);
  });

  it('returns megabytes as they are', async () => {
    const hosts = Array.from({ length: 20_000 }, (_, i) => {
      const ip = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      return `<host ip='${ip}'><hostname>a-rather-long-name-${i}-動.example</hostname></host>`;
    });
    const xml = `<network><name>huge</name><dns>${hosts.join('')}</dns><ip address='10.9.9.1' prefix='8'/></network>`;
    const path = join(dir, 'huge.xml');
    await writeFile(path, xml);

    const defined = await session.call(['net-define', path], LONG);
    const { stdout, stderr } = await session.call(['net-dumpxml', 'huge'], LONG);

    assert.deepEqual(defined.stderr, '');
    assert.equal(stderr, '');
    assert.ok(stdout.length > 1_500_000, String(stdout.length));
    assert.equal(
      stdout.match(/<hostname>a-rather-long-name-\d+-動\.example<\/hostname>/g)?.length,
      hosts.length,
    );
    assert.match(stdout, /^<network>[^]*<\/network>\n+$/);
  });
});

describe('a session', () => {
  let dir = '';
  let stub = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'session-test-'));
    stub = await writeStub(dir);
  });
  after(() => rm(dir, { recursive: true }));

  async function withStub(use: (session: Session) => Promise<void>, maxOutput = 1_000_000): Promise<void> {
    const session = createSession({
      argv: [stub, '-q', '-c', 'stub:'],
      spawn: spawnVirsh,
      mark: MARK,
      maxOutput,
    });
    await use(session);
    await session.dispose();
    assert.equal(session.usable(), false);
  }

  it('E93: gives up a hung call at its deadline, and itself with it', () =>
    withStub(async (session) => {
      assert.equal((await session.call(['pid'], LONG)).stderr, '');

      await assert.rejects(session.call(['hang'], { deadlineMs: 100 }), { reason: 'DeadlineExceeded' });

      assert.equal(session.usable(), false);
    }));

  it('tells why when virsh cannot connect', () =>
    withStub(async (session) => {
      await assert.rejects(session.call(['die'], LONG), {
        reason: 'CommandFailed',
        code: 1,
        stderr: /Failed to connect socket/,
      });

      assert.equal(session.usable(), false);
    }));

  it('takes half an answer for none', () =>
    withStub(async (session) => {
      await assert.rejects(session.call(['mumble'], LONG), {
        reason: 'CommandFailed',
        stdout: /half an ans$/,
      });
    }));

  it('ends a flood', () =>
    withStub(async (session) => {
      await assert.rejects(session.call(['flood'], LONG), { reason: 'OutputTooLarge' });
    }, 200_000));

  it('is unusable after something was said unasked', () =>
    withStub(async (session) => {
      await session.call(['later'], LONG);

      await until(() => !session.usable());
    }));

  it('ends at once on an abort signal, also one from before', () =>
    withStub(async (session) => {
      const controller = new AbortController();
      const call = session.call(['hang'], { ...LONG, signal: controller.signal });
      controller.abort();

      await assert.rejects(call, { reason: 'Aborted' });
      await assert.rejects(session.call(['pid'], { ...LONG, signal: controller.signal }), {
        reason: 'Aborted',
      });
    }));

  it('tells a missing virsh', async () => {
    const session = createSession({ argv: [join(dir, 'none/virsh')], spawn: spawnVirsh, mark: MARK });

    await assert.rejects(session.call(['list'], LONG), {
      reason: 'CommandNotFound',
      hint: /libvirt-clients/,
    });
  });

  it('fails the call that is under way when it is disposed', () =>
    withStub(async (session) => {
      const call = session.call(['hang'], LONG);

      await Promise.all([assert.rejects(call, { reason: 'Aborted' }), session.dispose()]);
      await assert.rejects(session.call(['pid'], LONG), { reason: 'Aborted' }, 'not only at the deadline');
    }));
});

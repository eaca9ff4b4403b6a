import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createVirsh } from '../../../src/drivers/virsh/virsh.ts';
import type { Virsh, VirshCall, VirshOptions } from '../../../src/drivers/virsh/virsh.ts';
import { TEST_URI, writeStub } from './support.ts';

describe('virsh', () => {
  let dir = '';
  let stub = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'virsh-test-'));
    stub = await writeStub(dir);
  });
  after(() => rm(dir, { recursive: true }));

  async function withVirsh(
    options: Partial<VirshOptions>,
    use: (virsh: Virsh, calls: VirshCall[]) => Promise<void>,
  ) {
    const calls: VirshCall[] = [];
    const virsh = createVirsh({
      uri: 'stub:',
      command: [stub],
      retryMs: 1,
      backoff: { firstMs: 0, maxMs: 0 },
      onCall: (call) => calls.push(call),
      ...options,
    });
    try {
      await use(virsh, calls);
    } finally {
      await virsh.dispose();
    }
  }
  const real = { uri: TEST_URI, command: ['virsh'] };

  it('answers from the real virsh, in a session and where none will do', () =>
    withVirsh(real, async (virsh) => {
      assert.match(await virsh.call(['list', '--all', '--name']), /^test\n/);
      assert.equal(await virsh.call(['echo', '--', 'a\tb\nc']), 'a\tb\nc');
      await assert.rejects(virsh.call(['dumpxml', '--domain', 'no\tne']), { reason: 'NotFound' });
    }));

  it('speaks English whatever the language of the vmhost', () => {
    process.env['LANG'] = 'ja_JP.UTF-8';
    process.env['LC_MESSAGES'] = 'ja_JP.UTF-8';
    process.env['LANGUAGE'] = 'ja';
    return withVirsh({}, async (virsh) => {
      const env = JSON.parse(await virsh.call(['env'])) as Record<string, string>;

      assert.equal(env['LC_ALL'], 'C');
      assert.deepEqual([env['LANG'], env['LC_MESSAGES'], env['LANGUAGE']], [undefined, undefined, undefined]);
      await withVirsh(real, async (english) => {
        assert.match(await english.call(['list']), /test +running/);
        await assert.rejects(english.call(['start', 'test']), /already active/);
      });
    });
  });

  it('runs quietly against the given URI', () =>
    withVirsh({ uri: 'some:///uri' }, async (virsh) => {
      assert.equal(await virsh.call(['args']), '["-q","-c","some:///uri"]');
    }));

  it('tells each call, what it changed, its time and its error', () =>
    withVirsh(real, async (virsh, calls) => {
      await virsh.call(['dumpxml', 'test']);
      await assert.rejects(virsh.call(['start', 'test']), { reason: 'AlreadyExists', op: 'start' });

      assert.deepEqual(
        calls.map(({ op, argv, mutates, error }) => [
          op,
          argv.length,
          mutates,
          (error as Error | undefined)?.name,
        ]),
        [
          ['dumpxml', 2, false, undefined],
          ['start', 2, true, 'VirshError'],
        ],
      );
      for (const { seconds } of calls) assert.ok(seconds > 0 && seconds < 30);
    }));

  it('takes every command that it does not know for one that changes something', () =>
    withVirsh({}, async (virsh, calls) => {
      await virsh.call(['pid']);
      await virsh.call(['echo', 'x']);

      assert.deepEqual(
        calls.map(({ mutates }) => mutates),
        [true, false],
      );
    }));

  it('E93: answers others while one call hangs, and in its place afterwards', () =>
    withVirsh({ size: 2 }, async (virsh) => {
      const hung = assert.rejects(virsh.call(['hang'], { deadlineMs: 300 }), {
        reason: 'DeadlineExceeded',
        op: 'hang',
      });
      const others = Array.from({ length: 20 }, (_, i) => virsh.call(['echo', String(i)]));

      assert.deepEqual(
        await Promise.all(others),
        Array.from({ length: 20 }, (_, i) => String(i)),
      );
      await hung;
      const pids = await Promise.all([virsh.call(['pid']), virsh.call(['pid'])]);
      assert.equal(new Set(pids).size, 2);
    }));

  it('E22, E92: tries a read again when libvirt is away, and a change never', () =>
    withVirsh({}, async (virsh, calls) => {
      await assert.rejects(virsh.call(['net-list']), { reason: 'LibvirtUnreachable' });
      await assert.rejects(virsh.call(['net-start']), { reason: 'LibvirtUnreachable' });

      assert.deepEqual(
        calls.map(({ op }) => op),
        ['net-list', 'net-list', 'net-start'],
      );
    }));

  it('reads networks again by new sessions once virtnetworkd was restarted, whatever language virtqemud tells it in', () =>
    withVirsh({ uri: 'qemu:///system', size: 3 }, async (virsh) => {
      await Promise.all(['1', '2', '3'].map((word) => virsh.call(['echo', word])));
      await virsh.call(['restart-networks']);

      assert.equal(await virsh.call(['net-dumpxml']), '<network/>');
      assert.equal(await virsh.call(['net-update']), '<network/>');
    }));

  it('makes no change of a network twice, and the next one by a new session', () =>
    withVirsh({ uri: 'qemu:///system' }, async (virsh, calls) => {
      await virsh.call(['restart-networks']);

      await assert.rejects(virsh.call(['net-update']), { reason: 'OperationFailed' });
      await virsh.call(['net-update']);

      assert.deepEqual(
        calls.map(({ op }) => op),
        ['restart-networks', 'net-update', 'net-update'],
      );
    }));

  it('keeps the only session there can be of a libvirt in memory', () =>
    withVirsh({ ...real, size: 1 }, async (virsh) => {
      await virsh.call(['net-destroy', 'default']);

      const missing = ['delete', 'ip-dhcp-host', "<host mac='52:54:00:00:00:99'/>"];
      await assert.rejects(virsh.call(['net-update', 'default', ...missing]), { reason: 'OperationFailed' });

      assert.match(await virsh.call(['net-list', '--inactive']), /default/);
    }));

  it('listens to networks where the end of virtnetworkd is the end of that', async () => {
    const said: string[] = [];
    await withVirsh({ uri: 'qemu:///system' }, async (virsh) => {
      for (const op of ['net-event', 'event']) {
        const child = virsh.spawn([op]);
        child.onStdout((chunk) => said.push(chunk.toString()));
        await child.ended;
      }
    });

    assert.deepEqual(said, [
      '["-q","-c","network:///system","net-event"]',
      '["-q","-c","qemu:///system","event"]',
    ]);
  });

  it('takes a call for done though its connection went and came back, or libvirt warned', () =>
    withVirsh({}, async (virsh) => {
      assert.equal(await virsh.call(['lost']), 'all the same\n');
      assert.equal(await virsh.call(['warn']), 'fine\n');
    }));

  it('E92: answers after a session died', () =>
    withVirsh({ size: 1 }, async (virsh) => {
      await assert.rejects(virsh.call(['mumble']), {
        reason: 'OperationFailed',
        message: /virsh ended \(exit code 3\)/,
      });

      assert.equal(await virsh.call(['echo', 'alive']), 'alive');
    }));

  it('says that virsh is missing and which package has it', () =>
    withVirsh({ command: ['/nowhere/virsh'] }, async (virsh) => {
      await assert.rejects(virsh.call(['list']), { reason: 'VirshMissing', hint: /libvirt-clients/ });
    }));

  it('ends what is under way when disposed', async () => {
    await withVirsh({}, async (virsh) => {
      const calls = [virsh.call(['hang']), virsh.call(['hang', 'a\tb'])];

      await Promise.all([
        virsh.dispose(),
        ...calls.map((call) => assert.rejects(call, { reason: 'Aborted' })),
        assert.rejects(virsh.call(['list']), { reason: 'Aborted' }),
      ]);
    });
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createPlain, printProgram } from '../../src/cli/print-program.ts';
import { cloudInitLogs, consoleLogs } from '../../src/cli/logs.ts';
import { fixture } from '../api/libvirt/fixtures.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8slab-logs-'));
});
after(() => rm(directory, { recursive: true, force: true }));

function libvirtWith(xml: string | undefined): Parameters<typeof consoleLogs>[0] {
  return { domainXml: () => Promise.resolve(xml) };
}

function withLog(file: string): string {
  return fixture('domain-live').replace(/<serial type='pty'>/, `$&<log file='${file}' append='on'/>`);
}

async function printed(argv: readonly string[], terminal: boolean): Promise<string> {
  let text = '';
  await printProgram(argv, { write: (more) => (text += more), terminal });
  return text;
}

describe('k8slab logs', () => {
  it("prints what libvirt keeps of the guest's console, from the end as far as it is asked", async () => {
    const path = join(directory, 'console.log');
    await writeFile(path, 'one\ntwo\nthree\n');

    const all = await consoleLogs(libvirtWith(withLog(path)), 'node/a', {});
    const some = await consoleLogs(libvirtWith(withLog(path)), 'a', { tail: 2 });

    assert.equal(await printed(all, false), 'one\ntwo\nthree\n');
    assert.equal(await printed(some, false), 'two\nthree\n');
    assert.deepEqual(await consoleLogs(libvirtWith(withLog(path)), 'a', { follow: true, tail: 0 }), [
      ...['tail', '-n', '0', '-F'],
      path,
    ]);
  });

  it('says that nobody keeps it where the definition does not, and how to have it kept', async () => {
    await assert.rejects(consoleLogs(libvirtWith(fixture('domain-live')), 'a', {}), {
      reason: 'NoConsoleLog',
      hint: /k8slab console a .*virsh edit a.*append='on'/,
    });
    await assert.rejects(consoleLogs(libvirtWith(undefined), 'a', {}), { reason: 'NotFound' });
    const gone = withLog(join(directory, 'none.log'));
    await assert.rejects(consoleLogs(libvirtWith(gone), 'a', {}), { reason: 'Unreadable' });
  });

  it("asks the guest for cloud-init's, as root there", () => {
    const guest = { node: 'a', address: '10.0.0.1', user: 'centos', hostKey: 'ssh-ed25519 A' };

    const argv = cloudInitLogs(
      guest,
      { identities: [], knownHosts: '/tmp/known' },
      { tail: 5, follow: true },
    );

    assert.match(argv.at(-1) ?? '', /^'sudo' '-n' 'sh' '-c' '.*cloud-init-output.log/s);
    assert.match(argv.at(-1) ?? '', /'k8slab' '-n' '5' '-F'$/);
  });

  it('fails as the program does that prints', async () => {
    await assert.rejects(printed(['sh', '-c', 'echo no such log >&2; exit 1'], false), {
      reason: 'CommandFailed',
      message: 'cannot show logs: no such log',
    });
    await assert.rejects(printed(['/nowhere/ssh'], false), { reason: 'CommandNotFound' });
  });
});

describe('a terminal', () => {
  const RED = '\u001b[31mred\u001b[0m \u001b]0;title\u0007\u001b[2J\u009bmé\r\n';

  it('is told nothing that it would obey, and a pipe all of it', async () => {
    const path = join(directory, 'red.log');
    await writeFile(path, RED);

    assert.equal(await printed(['cat', path], true), 'red mé\n');
    assert.equal(await printed(['cat', path], false), RED);
  });

  it('is told nothing of that either when it comes in pieces', () => {
    for (let at = 0; at <= RED.length; at++) {
      const plain = createPlain();
      assert.equal(plain(RED.slice(0, at)) + plain(RED.slice(at)), 'red mé\n', String(at));
    }
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createPackages, type Packages } from '../../src/drivers/packages.ts';
import type { SshTarget } from '../../src/drivers/ssh.ts';
import { guest, sshFor } from './ssh/guest.ts';

interface PackagesBed {
  readonly packages: Packages;
  readonly target: SshTarget;
  /** What was shown. */
  readonly lines: string[];
  /** What the programs were called with, their options left out. */
  readonly calls: () => string[];
}

const TOOLS = ['sh', 'tail', 'wc', 'grep', 'cat', 'basename', 'touch'].map(
  (tool) => [tool, spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim()] as const,
);

/** A guest that has a few tools and these programs, and none of the machine's package managers. */
async function packagesBed(t: TestContext, programs: Record<string, string>): Promise<PackagesBed> {
  const dir = mkdtempSync(join(tmpdir(), 'k8slab-packages-'));
  const host = await guest(t);
  host.target.user = 'root';
  for (const [tool, program] of TOOLS) symlinkSync(program, join(dir, tool));
  for (const [name, body] of Object.entries({ sleep: '', ...programs })) {
    const note = name === 'sleep' ? '' : `echo "$(basename "$0") $*" >>"$here/calls"`;
    writeFileSync(join(dir, name), `#!${dir}/sh\nhere=${dir}\n${note}\n${body}\n`);
    chmodSync(join(dir, name), 0o755);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = dir;
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(dir, { recursive: true });
  });
  return {
    packages: createPackages({ ssh: sshFor(t), log: join(dir, 'log') }),
    target: host.target,
    lines: [],
    calls: () =>
      readFileSync(join(dir, 'calls'), 'utf8')
        .trim()
        .split('\n')
        .map((call) => call.replaceAll(/ -(o [^ ]+|[^ ]+)/g, '').trim()),
  };
}

function install({ packages, target, lines }: PackagesBed): Promise<void> {
  return packages.install(target, 'haproxy', { onLine: (line) => lines.push(line) });
}

function update({ packages, target, lines }: PackagesBed): Promise<{ rebootRequired: boolean }> {
  return packages.update(target, { onLine: (line) => lines.push(line) });
}

const LOCKED = `
[ -e "$here/tried" ] && { echo "Setting up"; exit 0; }
touch "$here/tried"
echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)"
exit 100`;

describe("a guest's package manager", { timeout: 60_000 }, () => {
  it('installs by apt, after it finished what was left half done and read its lists anew', async (t) => {
    const bed = await packagesBed(t, { 'apt-get': 'echo "apt says $1"', dpkg: '' });

    await install(bed);

    assert.deepEqual(bed.calls(), ['dpkg', 'apt-get update', 'apt-get install haproxy']);
    assert.deepEqual(bed.lines, ['apt says -q', 'apt says -q']);
  });

  it('E59: is waited for while another one holds its lock', async (t) => {
    const bed = await packagesBed(t, { 'apt-get': LOCKED, dpkg: '' });

    await install(bed);

    assert.deepEqual(bed.calls(), ['dpkg', 'apt-get update', 'apt-get update', 'apt-get install haproxy']);
    assert.match(
      bed.lines.join('\n'),
      /Could not get lock.*\nwaiting for another package manager\nSetting up/,
    );
  });

  it('is dnf or yum elsewhere, which also brings what labels ports where SELinux is on', async (t) => {
    const dnf = await packagesBed(t, { dnf: '', getenforce: 'echo Enforcing' });
    await install(dnf);
    assert.deepEqual(dnf.calls(), [
      'dnf install haproxy',
      'getenforce',
      'dnf install policycoreutils-python-utils',
    ]);

    const yum = await packagesBed(t, {
      yum: '[ "$3" != policycoreutils-python-utils ]',
      getenforce: 'echo Enforcing',
    });
    await install(yum);
    assert.deepEqual(yum.calls().slice(-2), [
      'yum install policycoreutils-python-utils',
      'yum install policycoreutils-python',
    ]);

    const plain = await packagesBed(t, { yum: '' });
    await install(plain);
    assert.deepEqual(plain.calls(), ['yum install haproxy']);
  });

  it('brings everything up to date', async (t) => {
    const apt = await packagesBed(t, { 'apt-get': '', dpkg: '' });
    assert.deepEqual(await update(apt), { rebootRequired: false });
    assert.deepEqual(apt.calls(), ['dpkg', 'apt-get update', 'apt-get upgrade']);

    for (const [manager, words] of [
      ['dnf', 'dnf upgrade'],
      ['yum', 'yum update'],
    ] as const) {
      const bed = await packagesBed(t, { [manager]: '' });
      await update(bed);
      assert.deepEqual(bed.calls(), [words]);
    }
  });

  it('says what went wrong, in its own words', async (t) => {
    const bed = await packagesBed(t, { dnf: 'echo "Error: nothing provides haproxy"; exit 1' });

    await assert.rejects(install(bed), {
      reason: 'InstallFailed',
      message: /^cannot install haproxy on guest "127\.0\.0\.1": .*nothing provides haproxy/,
    });
    await assert.rejects(update(bed), { reason: 'UpdateFailed' });
  });

  it('must be there', async (t) => {
    const bed = await packagesBed(t, {});

    await assert.rejects(update(bed), { reason: 'NoPackageManager' });
  });
});

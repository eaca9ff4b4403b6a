import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ExecError, type Exec } from '../../../src/drivers/exec.ts';
import { BOOT_SECTOR, SAID } from '../../../src/drivers/kvm/boot-sector.ts';
import { probeKvm, type KvmProbeOptions, type KvmVerdict } from '../../../src/drivers/kvm/probe.ts';

let root: string;
let device: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-kvm-test-'));
  device = join(root, 'kvm');
  await writeFile(device, '');
  await chmod(device, 0o600);
});
after(() => rm(root, { recursive: true, force: true }));

function probe(exec: Exec, change: Partial<KvmProbeOptions> = {}): Promise<KvmVerdict> {
  let ticks = 0;
  return probeKvm({
    qemu: '/usr/bin/qemu',
    exec,
    device,
    arch: 'x64',
    uid: 1000,
    now: () => 300 * ticks++,
    ...change,
  });
}

function saying(stdout: string): Exec {
  return () => Promise.resolve({ stdout, stderr: '', code: 0 });
}

function failing(reason: 'DeadlineExceeded' | 'CommandFailed' | 'CommandNotFound', stderr = ''): Exec {
  return (argv) => Promise.reject(new ExecError(reason, 'exit code 1', { argv, stderr }));
}

describe('whether KVM works', () => {
  const cases: readonly [reason: string, exec: Exec, expected: Partial<KvmVerdict>][] = [
    ['is shown by what the guest says at its end', saying(`${SAID}\n`), { state: 'Works', seconds: 0.3 }],
    ['is denied by a guest that resets on the way', saying(''), { state: 'Fails' }],
    ['is denied by a guest that gets nowhere', failing('DeadlineExceeded'), { state: 'Hangs', seconds: 5 }],
    [
      'is told in the words of QEMU where it aborts',
      failing('CommandFailed', 'error: failed to set MSR 0x10a to 0x0\nkvm_buf_set_msrs: Assertion failed\n'),
      { state: 'Fails', why: 'error: failed to set MSR 0x10a to 0x0; kvm_buf_set_msrs: Assertion failed' },
    ],
    [
      'is not known to those who may not open it',
      failing('CommandFailed', 'Could not access KVM kernel module: Permission denied'),
      { state: 'Denied' },
    ],
    ['is not known where nothing can be started', failing('CommandNotFound'), { state: 'Untried' }],
  ];
  for (const [reason, exec, expected] of cases) {
    it(reason, async () => assert.partialDeepStrictEqual(await probe(exec), expected));
  }

  it('is not tried without a device, a QEMU or an x86', async () => {
    const never: Exec = () => assert.fail('started');

    assert.deepEqual(await probe(never, { device: join(root, 'none') }), { state: 'Absent' });
    assert.equal((await probe(never, { qemu: undefined })).state, 'Untried');
    assert.equal((await probe(never, { arch: 'arm64' })).state, 'Untried');
  });

  it('is tried by a process without privileges, which can read what it boots, and leaves nothing', async () => {
    const before = await readdir(tmpdir());
    const argvs: string[][] = [];
    const exec: Exec = async (argv) => {
      argvs.push([...argv]);
      const disk = /file=([^,]+)/.exec(argv.at(-1) ?? '')?.[1] ?? '';
      assert.equal((await stat(dirname(disk))).mode & 0o005, 0o005);
      assert.equal((await stat(disk)).mode & 0o004, 0o004);
      assert.equal((await readFile(disk)).subarray(510, 512).toString('hex'), '55aa');
      return { stdout: SAID, stderr: '', code: 0 };
    };

    for (const mode of [0o660, 0o666, 0o600]) {
      await chmod(device, mode);
      await probe(exec, { uid: 0 });
    }
    await probe(exec);

    const { gid } = await stat(device);
    const group = gid === 0 ? [false, true, false] : [true, true, false];
    assert.deepEqual(
      argvs.slice(0, 3).map((argv) => argv.includes('--reuid=65534')),
      group,
    );
    for (const argv of argvs.slice(0, 3)) assert.ok(argv.includes('--bounding-set=-all'));
    assert.equal(argvs[3]?.[0], '/usr/bin/qemu');
    assert.deepEqual(
      (await readdir(tmpdir())).filter((name) => !before.includes(name) && name.startsWith('k8slab-kvm-')),
      [],
    );
  });
});

describe('the boot sector', () => {
  it('is what its source says', (t: TestContext) => {
    const source = join(import.meta.dirname, '../../../src/drivers/kvm/boot-sector.s');
    const [object, binary] = [join(root, 'x.o'), join(root, 'x.bin')];
    if (spawnSync('as', ['--64', source, '-o', object]).error !== undefined) {
      t.skip('there is no assembler');
      return;
    }
    spawnSync('ld', ['-Ttext=0', '-e', '0', '--oformat', 'binary', '-o', binary, object]);
    assert.ok(existsSync(binary));
    assert.equal(readFileSync(binary).toString('base64'), BOOT_SECTOR);
    assert.ok(readFileSync(source, 'utf8').includes(`"${SAID}\\n"`));
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { familyOf, lookAtSystem } from '../../../src/cli/doctor/look-system.ts';
import { lookAtNames } from '../../../src/cli/doctor/look-names.ts';
import { lookAtSecrets, lookAtSources } from '../../../src/cli/doctor/look-sources.ts';
import { takesPort53 } from '../../../src/drivers/vmhost/interfaces.ts';
import type { Problem } from '../../../src/cli/doctor/check.ts';
import { isV3 } from '../../../src/cli/init/catalogue.ts';
import { parseMachine } from '../../../src/drivers/vmhost/machine.ts';
import { askVersion, findProgram } from '../../../src/drivers/vmhost/programs.ts';
import { ExecError, type Exec } from '../../../src/drivers/exec.ts';
import { httpSource } from '../../drivers/images/http-source.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-doctor-'));
});
after(() => rm(root, { recursive: true, force: true }));

describe('what doctor reads', () => {
  it('is the family of the distribution, by what it is like', () => {
    const cases: readonly [release: string, family: string][] = [
      ['ID=debian\n', 'debian'],
      ['ID=ubuntu\nID_LIKE=debian\n', 'debian'],
      ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
      ['ID=fedora\n', 'fedora'],
      ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
      ['ID=arch\n', 'other'],
      ['', 'other'],
    ];
    for (const [release, family] of cases) assert.equal(familyOf(release), family, release);
  });

  it('is which units are active, and unknown where systemd is not there', async () => {
    const exec: Exec = (argv) => {
      const units = argv.slice(2);
      const stdout = units.map((unit) => (unit.startsWith('virtqemud') ? 'active' : 'inactive')).join('\n');
      return argv[0] === 'systemctl'
        ? Promise.resolve({ stdout: `${stdout}\n`, stderr: '', code: 3 })
        : Promise.resolve({ stdout: 'me libvirt\n', stderr: '', code: 0 });
    };
    const none: Exec = (argv) =>
      Promise.reject(new ExecError('CommandNotFound', 'no such command', { argv }));

    const found = await lookAtSystem(exec);
    const without = await lookAtSystem(none);

    assert.deepEqual(found.daemons, { monolithic: false, modular: ['virtqemud'] });
    assert.deepEqual(found.groups, ['me', 'libvirt']);
    for (const fact of [without.daemons, without.managers, without.groups])
      assert.ok('unknown' in Object(fact));
  });

  it('is memory, CPUs and what they can do', () => {
    const machine = parseMachine(
      'MemTotal:       16000 kB\nMemFree: 5 kB\nMemAvailable:    8000 kB\n',
      'processor\t: 0\nflags\t\t: fpu vmx avx\n\nprocessor\t: 1\nflags\t\t: fpu vmx\n',
    );

    assert.deepEqual(machine, {
      memoryTotal: 16_384_000,
      memoryAvailable: 8_192_000,
      cpus: 2,
      cpuFlags: ['fpu', 'vmx', 'avx'],
    });
    assert.equal(isV3(machine), false);
    assert.equal(isV3({ cpuFlags: 'avx avx2 bmi1 bmi2 f16c fma abm movbe'.split(' ') }), true);
  });

  it('is who listens on port 53 of all addresses, not of one', () => {
    const head = '   sl  local_address rem_address   st\n';
    assert.equal(takesPort53([`${head}  123: 00000000:0035 00000000:0000 07\n`]), true);
    assert.equal(
      takesPort53([`${head}  123: 3500007F:0035 00000000:0000 07\n  9: 00000000:0044 0:0 07\n`]),
      false,
    );
  });

  it('is how names are resolved', async () => {
    const [etc, proc] = [join(root, 'etc'), join(root, 'proc')];
    await mkdir(join(proc, 'net'), { recursive: true });
    await mkdir(etc);
    await writeFile(join(etc, 'resolv.conf'), '# x\nnameserver 127.0.0.53\nsearch x\n');
    await writeFile(join(etc, 'nsswitch.conf'), 'passwd: files\nhosts:  files mdns4 dns  \n');
    await writeFile(join(proc, 'net/udp'), 'head\n');

    const found = await lookAtNames(etc, proc);

    assert.deepEqual(found, {
      nameservers: ['127.0.0.53'],
      hostsSources: 'files mdns4 dns',
      port53Taken: false,
      ipForward: { unknown: 'net.ipv4.ip_forward cannot be read' },
    });
  });

  it('is which programs there are, outside PATH too, and their versions', async () => {
    assert.match((await findProgram(['no-such-program', 'sh'])) ?? '', /\/sh$/);
    assert.match((await findProgram(['ip'], '/nowhere')) ?? '', /sbin\/ip$/);
    assert.equal(await findProgram(['no-such-program']), undefined);
    for (const [printed, version] of [
      ['qemu-img version 7.2.22 (Debian 1:7.2)', '7.2.22'],
      ['OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.1', '9.2p1'],
      ['nftables v1.0.6 (Lester Gooch #5)', '1.0.6'],
      ['nothing', undefined],
    ]) {
      const exec: Exec = (argv) =>
        Promise.reject(new ExecError('CommandFailed', 'x', { argv, stderr: printed ?? '' }));
      assert.equal(await askVersion(['x'], exec), version);
    }
  });

  it('is whether images and secrets are there', async (t) => {
    const image = join(root, 'image');
    await writeFile(image, 'x');
    const server = await httpSource(t, Buffer.from('x'));
    server.faults.push({ status: 404 });
    const images = [
      { name: 'file', source: image },
      { name: 'none', source: join(root, 'none') },
      { name: 'url', source: server.url.replace('http://', 'http://user:secret@') },
    ];

    const offline = await lookAtSources(images, false);
    assert.equal(server.requests.length, 0, 'no server is asked unless it was wished for');
    const refused = await lookAtSources(images, true);
    const there = await lookAtSources(images, true);

    assert.deepEqual(
      offline.map(({ problem }) => problem),
      [undefined, `there is no ${join(root, 'none')}`, { unknown: 'not asked, which --online does' }],
    );
    assert.match(JSON.stringify(refused[2]?.problem), /the server says 404/);
    assert.doesNotMatch(JSON.stringify(refused[2]?.problem), /secret/);
    assert.equal(there[2]?.problem, undefined);
    const secret = join(root, 'secret');
    await writeFile(secret, 'x', { mode: 0o644 });
    const [exposed, missing] = await lookAtSecrets([
      { name: 'a', path: secret },
      { name: 'b', path: join(root, 'none') },
    ]);
    const { message, hint = '' } = exposed?.problem as Problem;
    assert.match(hint, /chmod 600/);
    assert.doesNotMatch(message, /chmod/);
    assert.notEqual(missing?.problem, undefined);
  });
});

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { withCommandApart } from '../../cmd/commands/ssh.ts';
import { fetchGuest } from '../../src/cli/guest.ts';
import { sshArgv, withKnownHosts } from '../../src/cli/ssh.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
});
after(() => lab.close());

const GUEST = { node: 'a', address: '10.0.0.1', user: 'centos', hostKey: 'ssh-ed25519 AAAAa' };

describe('k8slab ssh', () => {
  it('goes to the address, as the user and by the host key that the daemon knows', async () => {
    const { address } = lab.bed.object('Node', 'a').status;
    const { user } = lab.bed.object('Node', 'a').spec.ssh;

    const guest = await fetchGuest(lab.client, 'node/a');

    assert.deepEqual([guest.node, guest.address, guest.user], ['a', address, user]);
    assert.match(guest.hostKey ?? '', /^ssh-ed25519 AAAAa/);
  });

  it('says why a guest cannot be reached, and what to do', async () => {
    lab.bed.apply('Node', 'off', { power: 'Stopped' });
    await lab.bed.converge();

    await assert.rejects(fetchGuest(lab.client, 'off'), { reason: 'NotRunning', hint: 'k8slab start off' });
    await assert.rejects(fetchGuest(lab.client, 'none'), { reason: 'NotFound' });
  });

  it('takes no other host key than that one, and leaves no file behind', async () => {
    let lent = '';
    await withKnownHosts(GUEST, async (path = '') => {
      lent = path;
      assert.equal(await readFile(path, 'utf8'), 'a ssh-ed25519 AAAAa\n');
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    });
    assert.notEqual(lent, '');
    await assert.rejects(stat(lent), { code: 'ENOENT' });

    const argv = sshArgv(GUEST, { identities: ['/key'] }, [], lent);
    assert.deepEqual(
      argv.filter((word) => word.includes('=')),
      [
        'HostKeyAlias=a',
        `UserKnownHostsFile=${lent}`,
        'GlobalKnownHostsFile=/dev/null',
        'StrictHostKeyChecking=yes',
        'UpdateHostKeys=no',
      ],
    );
    assert.deepEqual(argv.slice(-6), ['-i', '/key', '-l', 'centos', '--', '10.0.0.1']);
  });

  it('leaves a guest whose key k8slab does not know to the known hosts of who asks', async () => {
    const { hostKey: _unknown, ...guest } = GUEST;

    assert.equal(await withKnownHosts(guest, (path) => Promise.resolve(path)), undefined);

    assert.deepEqual(sshArgv(guest, { identities: [] }, []), ['ssh', '-l', 'centos', '--', '10.0.0.1']);
  });

  it('gives the command the words as they are, which no shell takes apart', () => {
    const words = ['sh', '-c', `echo "it's"; exit 3`, '$HOME', '-t'];

    const argv = sshArgv(GUEST, { identities: [], user: 'root', tty: true }, words, '/tmp/known');

    assert.equal(argv.at(-1), String.raw`'sh' '-c' 'echo "it'\''s"; exit 3' '$HOME' '-t'`);
    assert.deepEqual(argv.slice(-6, -1), ['-t', '-l', 'root', '--', '10.0.0.1']);
  });

  const lines: readonly [args: string, apart: string][] = [
    ['ssh a df -h', 'ssh a -- df -h'],
    ['ssh -t -l root a top -V', 'ssh -t -l root a -- top -V'],
    ['--socket /s ssh a -- ls --help', '--socket /s ssh a -- ls --help'],
    ['ssh a', 'ssh a'],
    ['ssh --help', 'ssh --help'],
    ['ssh a sh -c -- -x', 'ssh a -- sh -c -- -x'],
    ['get nodes -o wide', 'get nodes -o wide'],
    ['logs ssh x', 'logs ssh x'],
  ];
  for (const [args, apart] of lines) {
    it(`takes "${args}" for "${apart}"`, () => {
      assert.equal(withCommandApart(args.split(' ')).join(' '), apart);
    });
  }
});

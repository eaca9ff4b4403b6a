import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, link, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import {
  ensureHostKey,
  ensureIdentity,
  generateKeyPair,
  hasHostKey,
  removeHostKey,
} from '../../src/drivers/keys.ts';

const run = promisify(execFile);

let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-keys-'));
});

after(() => rm(dir, { recursive: true, force: true }));

/** One of the pairs, one in 256, that ssh2 cuts a byte from. */
function malformedPair(): { private: string; public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'bad' });
    if (ssh2.utils.parseKey(pair.private) instanceof Error) return pair;
  }
}

describe('generateKeyPair', () => {
  it('never hands out a malformed pair', () => {
    const pairs = [malformedPair(), ssh2.utils.generateKeyPairSync('ed25519', { comment: 'good' })];

    const pair = generateKeyPair('c', () => pairs.shift() ?? assert.fail('asked too often'));

    assert.ok(pair.publicKey.endsWith(' good'));
    assert.throws(() => generateKeyPair('c', () => ({ private: '', public: '' })), { reason: 'InvalidKey' });
  });
});

describe('ensureIdentity', () => {
  it('makes a key that OpenSSH reads, private to its owner, and keeps it', async () => {
    const path = join(dir, 'made', 'id');

    const made = await ensureIdentity(path, 'k8slab on vmhost');

    assert.match(made.publicKey, /^ssh-ed25519 \S+ k8slab on vmhost$/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(await readFile(`${path}.pub`, 'utf8'), `${made.publicKey}\n`);
    const keygen = await run('ssh-keygen', ['-y', '-f', path]);
    assert.equal(keygen.stdout.split(' ')[1], made.publicKey.split(' ')[1]);
    assert.deepEqual(await ensureIdentity(path, 'another comment'), made);
    assert.deepEqual((await readdir(join(dir, 'made'))).sort(), ['id', 'id.pub']);
  });

  it('makes one key however many ask at once', async () => {
    const path = join(dir, 'race');

    const pairs = await Promise.all(Array.from({ length: 8 }, () => ensureIdentity(path, 'c')));

    assert.equal(new Set(pairs.map((pair) => pair.privateKey.trim())).size, 1);
  });

  it('leaves no second private key where a run was killed while it wrote the first', async () => {
    const folder = await mkdtemp(join(dir, 'killed-'));
    const path = join(folder, 'id');
    await ensureIdentity(path, 'c');
    await rm(`${path}.pub`);
    await link(path, join(folder, '.id.k8slab-tmp-0123456789ab'));

    await ensureIdentity(path, 'c');

    assert.deepEqual((await readdir(folder)).sort(), ['id', 'id.pub']);
  });

  it('makes a lost public key anew from the private one', async () => {
    const path = join(dir, 'lost');
    const made = await ensureIdentity(path, 'c');
    await rm(`${path}.pub`);

    assert.equal((await ensureIdentity(path, 'c')).publicKey, made.publicKey);
    assert.equal(await readFile(`${path}.pub`, 'utf8'), `${made.publicKey}\n`);
  });

  it('refuses a private key that others may read', async () => {
    const path = join(dir, 'open');
    await ensureIdentity(path, 'c');
    await chmod(path, 0o640);

    await assert.rejects(ensureIdentity(path, 'c'), {
      reason: 'InsecurePermissions',
      message: `cannot use key "${path}": its mode 0640 lets others read it`,
    });
  });

  it('never replaces a key file, however damaged', async () => {
    const good = (await ensureIdentity(join(dir, 'good'), 'c')).privateKey;
    const damaged = {
      empty: '',
      cut: good.slice(0, 200),
      prose: 'not a key\n',
      malformed: malformedPair().private,
    };

    for (const [name, text] of Object.entries(damaged)) {
      const path = join(dir, name);
      await writeFile(path, text, { mode: 0o600 });
      await assert.rejects(ensureIdentity(path, 'c'), { reason: 'InvalidKey' }, name);
      assert.equal(await readFile(path, 'utf8'), text);
    }
  });

  it('refuses a public key that is not the private one’s', async () => {
    const path = join(dir, 'other');
    await ensureIdentity(path, 'c');
    await writeFile(`${path}.pub`, `${generateKeyPair('c').publicKey}\n`);

    await assert.rejects(ensureIdentity(path, 'c'), { reason: 'InvalidKey', message: /other\.pub/ });
  });
});

describe('ensureHostKey', () => {
  it('keeps one key a node', async () => {
    const [a, b, again] = [
      await ensureHostKey(dir, 'master00'),
      await ensureHostKey(dir, 'master01'),
      await ensureHostKey(dir, 'master00'),
    ];

    assert.deepEqual(a, again);
    assert.notEqual(a.publicKey, b.publicKey);
  });
});

describe('removeHostKey', () => {
  it('takes both files of the Node, and no other Node’s', async () => {
    const keys = join(dir, 'removed');
    for (const node of ['a', 'ab']) await ensureHostKey(keys, node);
    assert.equal(await hasHostKey(keys, 'a'), true);

    for (let twice = 0; twice < 2; twice++) await removeHostKey(keys, 'a');

    assert.equal(await hasHostKey(keys, 'a'), false);
    assert.deepEqual((await readdir(keys)).toSorted(), ['ab_ed25519', 'ab_ed25519.pub']);
  });

  it('R20: leaves no copy of the key that a killed run left beside it', async () => {
    const keys = join(dir, 'killed');
    await ensureHostKey(keys, 'a');
    await link(join(keys, 'a_ed25519'), join(keys, '.a_ed25519.k8slab-tmp-0123456789ab'));

    await removeHostKey(keys, 'a');

    assert.deepEqual(await readdir(keys), []);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readSecret } from '../../src/drivers/secrets.ts';

const dir = mkdtempSync(join(tmpdir(), 'k8slab-secrets-'));
after(() => rmSync(dir, { recursive: true }));

function secret(content: string, mode = 0o600): string {
  const path = join(dir, 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('a secret', () => {
  it('is the text of its file without the last line end', async () => {
    assert.equal(await readSecret(secret('s3cret #x')), 's3cret #x');
    assert.equal(await readSecret(secret('pass wörd\n', 0o400)), 'pass wörd');
  });

  it('E64: is refused when others than its owner may read it', async () => {
    for (const mode of [0o640, 0o604, 0o620]) {
      await assert.rejects(readSecret(secret('x', mode)), { reason: 'SecretExposed', hint: /chmod 600/ });
    }
    const path = secret('x');
    chownSync(path, 65_534, 65_534);
    await assert.rejects(readSecret(path), { reason: 'SecretExposed', message: /belongs to user 65534/ });
    rmSync(path);
  });

  it('E65: has no default: a missing or empty one is an error, and so is one of several lines', async () => {
    await assert.rejects(readSecret(join(dir, 'none')), {
      reason: 'SecretNotFound',
      hint: /install -D -m 600/,
    });
    for (const content of ['', '\n', 'a\nb', 'a\u0000', 'x'.repeat(2000)]) {
      await assert.rejects(readSecret(secret(content)), { reason: 'SecretInvalid' });
    }
  });

  it('is missing only where nothing is that could be one: other failures say what they are', async () => {
    const loop = join(dir, 'loop');
    symlinkSync('loop', loop);
    const socket = join(dir, 'socket');
    const server = createServer().listen(socket);
    await once(server, 'listening');

    await assert.rejects(readSecret(loop), { reason: 'IoError', message: /read secret/ });
    await assert.rejects(readSecret(socket), { reason: 'SecretNotFound' });
    server.close();
  });

  it('is never waited for', async () => {
    const path = join(dir, 'pipe');
    spawnSync('mkfifo', ['-m', '600', path]);

    await assert.rejects(readSecret(path), { reason: 'SecretExposed', message: /no regular file/ });
    await assert.rejects(readSecret(dir), { reason: 'SecretExposed' });
  });
});

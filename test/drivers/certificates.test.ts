import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ensureServerIdentity, type ServerIdentity } from '../../src/drivers/certificates.ts';
import { ExecError, type Exec } from '../../src/drivers/exec.ts';

const DAY = 24 * 3600 * 1000;
const NAMES = ['localhost', '127.0.0.1', '::1'];

let top: string;
let dir: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'k8slab-certificates-'));
  dir = join(top, 'api');
});
afterEach(() => rm(top, { recursive: true, force: true }));

function ensure(more: { names?: readonly string[]; now?: number; run?: Exec } = {}): Promise<ServerIdentity> {
  return ensureServerIdentity({ dir, names: NAMES, now: Date.now(), ...more });
}

/** Whether a client that knows `ca` accepts the server. */
function accepts(ca: string, { cert }: ServerIdentity): boolean {
  const authority = new X509Certificate(ca);
  const server = new X509Certificate(cert);
  return authority.ca && server.checkIssued(authority) && server.verify(authority.publicKey);
}

describe("the API's certificates and token", () => {
  it('are made once, for all names, and root alone may read them', async () => {
    const first = await ensure();

    const server = new X509Certificate(first.cert);
    assert.ok(accepts(first.ca, first));
    assert.equal(server.ca, false);
    for (const name of ['127.0.0.1', '::1']) assert.notEqual(server.checkIP(name), undefined, name);
    assert.notEqual(server.checkHost('localhost'), undefined);
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
    const files = await readdir(dir);
    assert.deepEqual(files.sort(), ['ca.crt', 'ca.key', 'server.crt', 'server.key', 'token']);
    for (const file of files) assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600, file);
    assert.deepEqual(await ensure(), first);
  });

  it('of the server are renewed before they end, and clients go on with the authority that they know', async () => {
    const first = await ensure();
    assert.equal((await ensure({ now: first.renewAt - 1 })).cert, first.cert);

    const renewed = await ensure({ now: first.renewAt });

    assert.notEqual(renewed.cert, first.cert);
    assert.notEqual(renewed.key, first.key);
    assert.deepEqual([renewed.ca, renewed.token], [first.ca, first.token]);
    assert.ok(accepts(first.ca, renewed));
    assert.ok(first.renewAt < Date.parse(new X509Certificate(first.cert).validTo) - 30 * DAY);
  });

  it('of the authority are renewed with its key: who knows the old one accepts the server still', async () => {
    const first = await ensure();

    const renewed = await ensure({ now: Date.now() + 9 * 365 * DAY });

    assert.notEqual(renewed.ca, first.ca);
    assert.ok(accepts(first.ca, renewed));
    assert.ok(accepts(renewed.ca, renewed));
  });

  it('are made anew where the clock was set back before they hold, or the server has another name', async () => {
    const first = await ensure();

    const back = await ensure({ now: Date.now() - 2 * DAY });
    const named = await ensure({ names: [...NAMES, '127.0.0.2'] });

    assert.notEqual(back.cert, first.cert);
    assert.notEqual(new X509Certificate(named.cert).checkIP('127.0.0.2'), undefined);
  });

  it('that are damaged, or belong to something else, are made anew', async () => {
    const first = await ensure();
    const other = join(top, 'other');
    const foreign = await ensureServerIdentity({ dir: other, names: NAMES, now: Date.now() });

    for (const [file, text] of [
      ['server.key', ''],
      ['server.crt', 'x'],
      ['server.key', foreign.key],
      ['token', 'short'],
    ] as const) {
      await writeFile(join(dir, file), text);
      const mended = await ensure();
      assert.ok(accepts(first.ca, mended), file);
      assert.equal(mended.ca, first.ca);
      assert.match(mended.token, /^[\w-]{43}$/);
    }
    await writeFile(join(dir, 'ca.key'), 'x');
    const anew = await ensure();
    assert.notEqual(anew.ca, first.ca);
    assert.ok(accepts(anew.ca, anew));
  });

  it('cannot be made without openssl, and what to do is told', async () => {
    const run: Exec = (argv) =>
      Promise.reject(
        new ExecError('CommandNotFound', 'no such program', { argv, hint: 'apt install openssl' }),
      );

    await assert.rejects(ensure({ run }), {
      reason: 'CertificateFailed',
      message: /^cannot make certificate "ca": .*no such program/,
      hint: 'apt install openssl',
    });
    assert.deepEqual(await readdir(dir), ['ca.key']);
    assert.ok(await ensure());
  });
});

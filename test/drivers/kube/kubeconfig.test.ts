import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { explainError } from '../../../src/api/errors.ts';
import { readAccess, whyRefused } from '../../../src/drivers/kube/kubeconfig.ts';

const SECRET = 'a-token-that-nobody-prints';
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8slab-kubeconfig-'));
});
after(() => rm(directory, { recursive: true }));

async function write(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text, { mode });
  return path;
}

function config(cluster: object = {}, user: object = { token: SECRET }): string {
  return JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', ...cluster } }, { name: 'other' }],
    users: [
      { name: 'u', user },
      { name: 'other', user: { exec: { command: 'login' } } },
    ],
  });
}

describe('a kubeconfig', () => {
  it('is read with the files that it names, beside itself', async () => {
    await write('ca.crt', 'CA', 0o644);
    await write('token', `${SECRET}\n`);
    const path = await write('good', config({ 'certificate-authority': 'ca.crt' }, { tokenFile: 'token' }));

    assert.deepEqual(await readAccess(path), { server: 'https://api:6443', ca: 'CA', token: SECRET });
  });

  const REFUSED: readonly (readonly [string, string, RegExp])[] = [
    [
      'a server that is not verified',
      config({ 'insecure-skip-tls-verify': true }),
      /the server must be verified/,
    ],
    ['a server without TLS', config({ server: 'http://api' }), /server: it must be a URL of https/],
    ['a proxy', config({ 'proxy-url': 'http://proxy' }), /proxies are not supported/],
    [
      'a program to log in',
      config({}, { exec: { command: 'login' } }),
      /exec: k8slabd runs no program to log in/,
    ],
    ['somebody else', config({}, { token: SECRET, as: 'root' }), /as: k8slabd is itself/],
    ['nobody', config({}, {}), /user "u" has neither a token nor a client certificate/],
    ['a certificate without a key', config({}, { 'client-certificate-data': 'QQ==' }), /with its key/],
    ['a context that is not there', config().replace('"x"', '"y"'), /it has no context "y"/],
    ['no YAML', `{token: ${SECRET}`, /cannot use kubeconfig ".*": /],
    ['nothing', '', /cannot use kubeconfig ".*": /],
  ];
  for (const [what, text, why] of REFUSED)
    it(`is refused with ${what}, and no secret is told`, async () => {
      const said = await readAccess(await write('bad', text)).then(() => 'read', explainError);

      assert.match(said, why);
      assert.ok(!said.includes(SECRET));
    });

  it('is refused while others may read it, or a secret that it names', async () => {
    const open = await write('open', config(), 0o644);
    await write('open-token', SECRET, 0o640);
    const names = await write('names', config({}, { tokenFile: 'open-token' }));

    for (const path of [open, names])
      await assert.rejects(readAccess(path), {
        reason: 'KubeconfigInvalid',
        message: /others than its owner may use it/,
      });
  });
});

describe('a token', () => {
  it('tells when it expired, if it tells it', () => {
    const claims = Buffer.from('{"exp":1000}').toString('base64url');
    const access = { server: '', token: `e30.${claims}.x` };

    assert.equal(whyRefused(access, 2_000_000), 'its token expired on 1970-01-01 00:16 UTC');
    assert.equal(whyRefused(access, 0), undefined);
    assert.equal(whyRefused({ server: '', token: SECRET }, 2_000_000), undefined);
  });
});

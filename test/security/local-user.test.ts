import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { API_VERSION } from '../../src/api/meta.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';
import { startLoaded, type LoadedDaemon } from '../load/daemon.ts';
import { freePort } from '../free-port.ts';

const NODES = `/apis/${API_VERSION}/nodes`;
const OTHERS = 0o007;
const WRITE = 0o002;
const READ = 0o004;

let lab: LoadedDaemon;
let acting: NodeJS.Timeout;
before(async () => {
  lab = await startLoaded({
    clock: systemClock(),
    api: `127.0.0.1:${await freePort()}`,
    async prepare(dir) {
      await writeFile(join(dir, 'net.yaml'), networkText('k8s-net', { domain: 'lab.example' }));
      await writeFile(join(dir, 'image.yaml'), imageText('debian'));
      await writeFile(join(dir, 'a.yaml'), nodeText('a'));
    },
  });
  acting = setInterval(() => lab.guests.act(), 20);
  await new Promise<void>((resolve) => {
    const unsubscribe = lab.daemon.onChange(look);
    look();
    function look(): void {
      if (!lab.daemon.allReady()) return;
      unsubscribe();
      resolve();
    }
  });
});
after(async () => {
  clearInterval(acting);
  await lab.stop();
});

/** As it is written, without what a client makes of dots. */
async function ask(path: string): Promise<{ code: number; body: string }> {
  const socketPath = join(lab.config.runtime, 'k8slab.sock');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path }, resolve).on('error', reject).end();
  });
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { code: response.statusCode ?? 0, body };
}

describe('a user of the vmhost without rights', () => {
  it('may write to nothing that the daemon makes, and read no key and no token', async () => {
    const { state, identity, runtime } = lab.config;
    const made = await Promise.all(
      [state, join(identity, '..'), runtime].map((dir) =>
        readdir(dir, { recursive: true, withFileTypes: true }),
      ),
    );
    const paths = [...new Set(made.flat().map(({ parentPath, name }) => join(parentPath, name)))];
    const ours = paths.filter((path) => !path.startsWith(lab.config.manifests));
    let secrets = 0;
    for (const path of ours) {
      const found = await stat(path);
      assert.equal(found.mode & WRITE, 0, path);
      if (found.isSocket()) assert.equal(found.mode & OTHERS, 0, path);
      if (!found.isFile()) continue;
      const isSecret = /PRIVATE KEY/.test(await readFile(path, 'utf8')) || path.endsWith('token');
      if (!isSecret) continue;
      secrets += 1;
      assert.equal(found.mode & READ, 0, path);
    }
    // The daemon's, the Node's, the authority's, the server's, and the token.
    assert.equal(secrets, 5, ours.join('\n'));
  });

  it('gets no file of the vmhost by the path of a request', async () => {
    const ways = [
      '/../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/....//etc/passwd',
      '/a%00/../etc/passwd',
      '/%ff',
      '/%',
    ];
    for (const base of [
      '',
      '/metrics',
      NODES,
      `${NODES}/a`,
      '/openapi/v3',
      `/openapi/v3/apis/${API_VERSION}`,
    ])
      for (const way of ways) {
        const { code, body } = await ask(base + way);

        assert.ok([400, 404].includes(code), `${base}${way}: ${code}`);
        assert.doesNotMatch(body, /root:/, base + way);
      }
    assert.equal((await ask(NODES)).code, 200);
  });
});

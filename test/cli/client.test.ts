import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../../src/cli/client.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
let dir: string;
before(async () => {
  lab = await serveLab();
  dir = await mkdtemp(join(tmpdir(), 'k8slab-client-'));
});
after(async () => {
  await lab.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the client', () => {
  it('gives what the daemon answers', async () => {
    const { kind } = (await lab.client.get('nodes')) as { kind: string };

    assert.equal(kind, 'NodeList');
  });

  it('throws a failure with its reason and message', async () => {
    await assert.rejects(lab.client.get('nodes/none'), {
      reason: 'NotFound',
      message: 'nodes "none" not found',
    });
  });

  it('says that the daemon does not answer, where it was looked for, and what to do', async () => {
    const path = join(dir, 'none.sock');

    await assert.rejects(createClient(path).get('nodes'), {
      reason: 'DaemonUnreachable',
      message: new RegExp(`^cannot reach k8slabd at "${path}": `),
      hint: 'systemctl status k8slabd',
    });
  });

  it('says that the daemon went away in the middle of an answer, be it one or one line after the other', async () => {
    const path = join(dir, 'broken.sock');
    const server = createServer((request, response) => {
      response.write('{}\n', () => request.socket.destroy());
    });
    const admin = createServer((request, response) => void server.emit('request', request, response));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await new Promise<void>((resolve) => admin.listen(join(dir, 'admin.sock'), resolve));
    const gone = { reason: 'DaemonUnreachable', message: /^cannot reach k8slabd at ".*": it went away/ };

    await assert.rejects(createClient(path).get('nodes'), gone);
    await assert.rejects(
      createClient(path).stream('packageupdates', {}, () => undefined),
      gone,
    );

    server.close();
    admin.close();
  });

  it('says that something else answers', async () => {
    const path = join(dir, 'other.sock');
    const server = createServer((_request, response) => response.end('<html>'));
    await new Promise<void>((resolve) => server.listen(path, resolve));

    await assert.rejects(createClient(path).get('nodes'), { reason: 'NotK8slabd' });

    server.close();
    server.closeAllConnections();
  });
});

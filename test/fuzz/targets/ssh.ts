import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { createSsh } from '../../../src/drivers/ssh.ts';
import type { Subject, Target } from '../target.ts';

/** What a guest sends next, once it has heard something. */
const NEXT = Buffer.from('=====');
/** It goes on though it heard nothing. */
const PATIENCE_MS = 5;
const DEADLINE_MS = 2000;

/** A guest that greets, offers algorithms and exchanges keys as it likes, and then hangs up. */
async function guest(): Promise<Subject> {
  let pieces: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const rest = [...pieces];
    const say = (): void => {
      const piece = rest.shift() ?? Buffer.alloc(0);
      if (rest.length === 0) socket.end(piece);
      else socket.write(piece);
    };
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', say);
    socket.setTimeout(PATIENCE_MS, say);
    say();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [own, theirs] = [generateKeyPair('k8slabd'), generateKeyPair('guest')];
  const ssh = createSsh({
    identity: () => Promise.resolve(own.privateKey),
    connectTimeoutMs: DEADLINE_MS / 2,
  });
  const { port } = server.address() as AddressInfo;
  const target = { address: '127.0.0.1', port, user: 'centos', hostKeys: [theirs.publicKey] };
  const thrown: Error[] = [];
  const onThrown = (error: Error): void => void thrown.push(error);
  // What a library throws where nobody can catch it ends the daemon.
  process.on('uncaughtExceptionMonitor', onThrown);
  return {
    async feed(input) {
      pieces = split(input);
      try {
        await ssh.exec(target, ['true'], { deadlineMs: DEADLINE_MS });
      } finally {
        for (const socket of open) socket.destroy();
        for (const error of thrown.splice(0)) throw error;
      }
    },
    async close() {
      process.off('uncaughtExceptionMonitor', onThrown);
      await ssh.dispose();
      server.close();
    },
  };
}

function split(input: Buffer): Buffer[] {
  const at = input.indexOf(NEXT);
  return at === -1 ? [input] : [input.subarray(0, at), ...split(input.subarray(at + NEXT.length))];
}

export const sshBanner: Target = {
  name: 'ssh',
  words: [
    NEXT.toString(),
    'SSH-2.0-',
    'SSH-1.99-',
    '\r\n',
    '\n',
    '\x14',
    '\x1f',
    'none',
    'ssh-ed25519',
    'curve25519-sha256',
    ',',
  ],
  maxBytes: 256 * 1024,
  share: 3,
  open: guest,
};

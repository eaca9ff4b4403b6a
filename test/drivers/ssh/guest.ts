import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import ssh2 from 'ssh2';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { createSsh } from '../../../src/drivers/ssh.ts';
import type { Ssh, SshOptions, SshTarget } from '../../../src/drivers/ssh.ts';

export const identity = generateKeyPair('k8slabd');

/** How a guest treats what it is asked to run. */
export type Behaviour = 'run' | 'ignore' | 'reset' | 'refuse';

export interface Guest {
  target: SshTarget;
  behaviour: Behaviour;
  /** Sessions at once that it opens over one connection. */
  maxSessions: number;
  connections: number;
  running: number;
  mostRunning: number;
  /** Connections closed so far. */
  closed: number;
  onConnection: () => void;
  onExec: (command: string) => void;
  onClosed: () => void;
  /** A command has ended. */
  onEnded: () => void;
  /** Process groups of the commands that run. */
  groups: Set<number>;
  /** Cuts all connections. */
  cut(): void;
}

/** An SSH server on loopback that runs commands by sh. */
export async function guest(
  t: TestContext,
  options: { hostKeys?: string[]; knownAs?: string; authorized?: string } = {},
): Promise<Guest> {
  const key = generateKeyPair('guest');
  const sockets = new Set<Socket>();
  const state: Guest = {
    target: { address: '127.0.0.1', port: 0, user: 'centos', hostKeys: [options.knownAs ?? key.publicKey] },
    behaviour: 'run',
    maxSessions: 10,
    connections: 0,
    running: 0,
    mostRunning: 0,
    closed: 0,
    onConnection: () => undefined,
    onExec: () => undefined,
    onClosed: () => undefined,
    onEnded: () => undefined,
    groups: new Set(),
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
  const server = new ssh2.Server({ hostKeys: options.hostKeys ?? [key.privateKey] }, (connection) => {
    serve(connection, state, options.authorized ?? identity.publicKey);
  });
  const { _srv: tcp } = server as unknown as { _srv: NodeJS.EventEmitter };
  tcp.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.target.port = (server.address() as AddressInfo).port;
  t.after(async () => {
    state.cut();
    for (const group of state.groups) killGroup(group, 'SIGKILL');
    server.close();
    await once(server, 'close');
  });
  return state;
}

function serve(connection: ssh2.Connection, state: Guest, authorized: string): void {
  const allowed = ssh2.utils.parseKey(authorized);
  const sessions = { open: 0 };
  state.connections++;
  state.onConnection();
  connection.on('error', () => undefined);
  connection.on('close', () => {
    state.closed++;
    state.onClosed();
  });
  connection.on('authentication', (context) => {
    const right = context.method === 'publickey' && !(allowed instanceof Error);
    if (right && context.username === state.target.user && context.key.data.equals(allowed.getPublicSSH())) {
      context.accept();
    } else {
      context.reject(['publickey']);
    }
  });
  connection.on('session', (accept, reject) => {
    if (sessions.open >= state.maxSessions) {
      reject();
      return;
    }
    sessions.open++;
    const session = accept();
    session.on('close', () => sessions.open--);
    session.on('exec', (acceptExec, rejectExec, { command }) => {
      treat(state, session, { command, accept: acceptExec, reject: rejectExec });
    });
  });
}

function treat(
  state: Guest,
  session: ssh2.Session,
  asked: { command: string; accept: () => ssh2.ServerChannel; reject: () => void },
): void {
  state.onExec(asked.command);
  switch (state.behaviour) {
    case 'run':
      runCommand(state, session, asked.command, asked.accept());
      break;
    case 'ignore':
      break;
    case 'refuse':
      asked.reject();
      break;
    case 'reset':
      state.cut();
  }
}

function runCommand(state: Guest, session: ssh2.Session, command: string, channel: ssh2.ServerChannel): void {
  const child = spawn('sh', ['-c', command], { detached: true });
  state.groups.add(child.pid ?? 0);
  state.running++;
  state.mostRunning = Math.max(state.mostRunning, state.running);
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  // Where OpenSSH waits for a signal: ssh2's server hears of none once the input has ended.
  session.on('close', () => killGroup(child.pid ?? 0, 'SIGKILL'));
  child.on('close', (code, signal) => {
    state.running--;
    state.groups.delete(child.pid ?? 0);
    state.onEnded();
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.slice(3), false, '');
    channel.end();
  });
}

/** As sshd does. */
function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    if (group > 0) process.kill(-group, signal);
  } catch {
    // it has ended by itself
  }
}

/** A driver that is gone when the test is. */
export function sshFor(t: TestContext, options: Partial<SshOptions> = {}): Ssh {
  const ssh = createSsh({ identity: () => Promise.resolve(identity.privateKey), ...options });
  t.after(() => ssh.dispose());
  return ssh;
}

import { connect } from './connection.ts';
import type { Connection } from './connection.ts';
import type { SshOptions, SshTarget } from './types.ts';

export interface Pool {
  /** The connection to a guest, which may not be up yet; a new one where the last is of no use. */
  get(target: SshTarget): Promise<Connection>;
  /** Ends all connections, those that are being made too; settles when all sockets are closed. */
  close(error: Error): Promise<void>;
}

/** One connection for each address, user and set of host keys. */
export function createPool({ identity, ...limits }: Required<Omit<SshOptions, 'onWait'>>): Pool {
  const pool = new Map<string, Promise<Connection>>();
  const open = new Set<Connection>();
  let closed: Error | undefined;

  function get(target: SshTarget): Promise<Connection> {
    const key = JSON.stringify([target.address, target.port, target.user, target.hostKeys]);
    const found = pool.get(key);
    if (found !== undefined) return found;
    const opening = openTo(target, () => {
      if (pool.get(key) === opening) pool.delete(key);
    });
    pool.set(key, opening);
    return opening;
  }

  async function openTo(target: SshTarget, onRetired: () => void): Promise<Connection> {
    try {
      const privateKey = await identity();
      if (closed !== undefined) throw closed;
      const connection = connect({ ...limits, target, privateKey, onRetired });
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      return connection;
    } catch (error) {
      // In a later turn: the pool gets this promise only after its first turn.
      queueMicrotask(onRetired);
      throw error;
    }
  }

  return {
    get,
    close: async (error) => {
      closed = error;
      const all = [...open];
      for (const connection of all) connection.close(error);
      await Promise.all(all.map((connection) => connection.closed));
    },
  };
}

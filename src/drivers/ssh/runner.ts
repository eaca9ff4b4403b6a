import type { Client } from 'ssh2';
import type { Places } from './places.ts';
import { ChannelRefused, run } from './run.ts';
import type { Run, RunOptions } from './run.ts';

export interface RunnerOptions {
  client: Client;
  places: Places;
  /** Milliseconds that a guest has to end the session of a command given up. */
  graceMs: number;
  /** Called when the connection is of no use for further commands. */
  retire: () => void;
}

export interface Runner {
  /** Waits for a place and starts a command. Rejects with ChannelRefused where the guest opens no session at all. */
  start(command: string, options: RunOptions, signal: AbortSignal): Promise<Run>;
  /** Fails what runs. */
  fail(error: Error): void;
}

/** Runs commands on one connection, as many at once as there are places. */
export function createRunner({ client, places, graceMs, retire }: RunnerOptions): Runner {
  const runs = new Set<Run>();

  /** Takes care of the place of a command, also where the guest never ends its session. */
  function track(started: Run, release: () => void): void {
    let grace: NodeJS.Timeout | undefined;
    runs.add(started);
    started.result.catch(() => {
      grace = setTimeout(() => {
        retire();
        release();
      }, graceMs);
    });
    void started.closed.then(() => {
      clearTimeout(grace);
      runs.delete(started);
      release();
    });
  }

  async function start(command: string, options: RunOptions, signal: AbortSignal): Promise<Run> {
    for (;;) {
      const release = await places.take(signal);
      const started = run(client, command, options);
      track(started, release);
      try {
        await stopOnAbort(started, signal);
        return started;
      } catch (error) {
        if (!(error instanceof ChannelRefused)) throw error;
        release();
        if (places.used() === 0) {
          retire();
          throw error;
        }
        // The guest takes fewer sessions than we thought: wait for one of ours to end.
        places.shrink();
      }
    }
  }

  return {
    start,
    fail: (error) => {
      for (const each of runs) each.stop(error);
    },
  };
}

/** Waits for the command to start; it is stopped, then and later, when the signal says so. */
async function stopOnAbort(started: Run, signal: AbortSignal): Promise<void> {
  function stop(): void {
    started.stop(signal.reason as Error);
  }
  signal.addEventListener('abort', stop, { once: true });
  void started.closed.then(() => signal.removeEventListener('abort', stop));
  await started.started;
}

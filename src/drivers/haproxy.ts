import pRetry from 'p-retry';
import { reasonOf, ReasonedError } from '../api/errors.ts';
import type { ObservedHaproxy } from '../api/load-balancer/plan.ts';
import { STATS_SOCKET } from '../api/load-balancer/render.ts';
import { parseHaproxyLook } from '../api/load-balancer/haproxy-look.ts';
import type { HaproxyStats } from '../api/load-balancer/haproxy-stats.ts';
import {
  APPLY,
  ENABLE,
  LABEL_PORTS,
  LOOK,
  NOT_SERVED,
  REJECTED,
  START_OR_RELOAD,
} from './haproxy/scripts.ts';
import { asRoot } from './ssh/as-root.ts';
import type { Ssh, SshResult, SshTarget } from './ssh.ts';

/** The HAProxy in a guest, reached by SSH. */
export interface Haproxy {
  /** What there is of it. Changes nothing. */
  readonly look: (
    target: SshTarget,
    signal: AbortSignal,
  ) => Promise<{ haproxy: ObservedHaproxy; stats?: HaproxyStats }>;
  /**
   * Replaces haproxy.cfg, if HAProxy accepts it and serves it then; otherwise the old one stays or comes back.
   * Reasons: ConfigRejected, ConfigNotServed, each with HAProxy's own words.
   */
  readonly apply: (
    target: SshTarget,
    config: { text: string; sha256: string; ports: readonly number[] },
  ) => Promise<void>;
  readonly enable: (target: SshTarget) => Promise<void>;
  readonly startOrReload: (target: SshTarget, ports: readonly number[]) => Promise<void>;
  readonly labelPorts: (target: SshTarget, ports: readonly number[]) => Promise<void>;
}

export interface HaproxyOptions {
  readonly ssh: Ssh;
  /** Where haproxy.cfg is in the guests. */
  readonly config?: string;
  readonly socket?: string;
  /** Milliseconds until a guest that did not answer is asked again. */
  readonly retryMs?: number;
}

const LOOK_MS = 10_000;
const CHANGE_MS = 45_000;
const RETRIES = 2;

export function createHaproxy(options: HaproxyOptions): Haproxy {
  const { ssh, config = '/etc/haproxy/haproxy.cfg', socket = STATS_SOCKET, retryMs = 500 } = options;

  function run(target: SshTarget, script: string, args: readonly string[], input = ''): Promise<SshResult> {
    return ssh.exec(target, asRoot(target, script, [config, socket, ...args]), {
      deadlineMs: CHANGE_MS,
      input,
    });
  }

  async function change(
    target: SshTarget,
    what: string,
    [script, args]: readonly [string, readonly string[]],
  ): Promise<void> {
    const result = await run(target, script, args);
    if (result.code !== 0) throw failure('CommandFailed', `cannot ${what}`, target, result);
  }

  return {
    async look(target, signal) {
      const argv = asRoot(target, LOOK, [config, socket]);
      const result = await pRetry(() => ssh.exec(target, argv, { deadlineMs: LOOK_MS, signal }), {
        retries: RETRIES,
        minTimeout: retryMs,
        maxRetryTime: LOOK_MS,
        signal,
        shouldRetry: ({ error }) => reasonOf(error) === 'Unreachable',
      });
      if (result.code !== 0) throw failure('CommandFailed', 'cannot look at HAProxy', target, result);
      return parseHaproxyLook(result.stdout);
    },
    async apply(target, { text, sha256, ports }) {
      const result = await run(target, APPLY, [sha256, ...ports.map(String)], text);
      if (result.code === 0) return;
      const reason = { [REJECTED]: 'ConfigRejected', [NOT_SERVED]: 'ConfigNotServed' }[result.code];
      throw failure(reason ?? 'CommandFailed', 'cannot configure HAProxy', target, result);
    },
    enable: (target) => change(target, 'enable HAProxy', [ENABLE, []]),
    startOrReload: (target, ports) => change(target, 'start HAProxy', [START_OR_RELOAD, ports.map(String)]),
    labelPorts: (target, ports) => change(target, 'label ports', [LABEL_PORTS, ports.map(String)]),
  };
}

function failure(reason: string, what: string, { address }: SshTarget, result: SshResult): ReasonedError {
  const words = `${result.stdout}\n${result.stderr}`
    .replaceAll('.k8slab-new', '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('[NOTICE]'))
    .join('; ');
  const why = words === '' ? `exit code ${result.code}` : words.slice(0, 2000);
  return new ReasonedError(reason, `${what} on guest "${address}": ${why}`);
}

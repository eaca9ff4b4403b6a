import { Gauge, type Registry } from 'prom-client';
import { createHistogram } from 'node:perf_hooks';
import type { Clock } from './clock.ts';

/** How often the event loop is looked at while it works: it is seen to be blocked after half of that. */
const EVERY_MS = 20;
/** How long it is looked at after the last sign of work. */
const LINGER_MS = 1000;

const FIGURES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;

type Timers = Pick<Clock, 'monotonic' | 'setTimer'>;

/** Nobody waits for a measurement: its timer keeps no process alive. */
const TIMERS: Timers = {
  monotonic: () => performance.now(),
  setTimer(delayMs, run) {
    const handle = setTimeout(run, delayMs).unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

export interface LoopLag {
  /** Something works: the event loop is looked at for the next second. */
  working(): void;
}

/**
 * The families nodejs_eventloop_lag_*_seconds by the names of prom-client: how late timers came since the last scrape. Unlike
 * prom-client's, whose timer wakes an idle daemon fifty times a second, they are measured only while there is work.
 */
export function createLoopLag(registry: Registry, timers = TIMERS): LoopLag {
  const lags = createHistogram();
  const gauges = FIGURES.map((figure) => ({ figure, gauge: gaugeOf(figure) }));
  registry.registerMetric(
    new Gauge({
      name: 'nodejs_eventloop_lag_seconds',
      help: 'Longest time that a timer came late since the last scrape, while there was work',
      registers: [],
      collect() {
        this.set(lags.count === 0 ? 0 : seconds(lags.max));
        for (const { figure, gauge } of gauges) gauge.set(lags.count === 0 ? 0 : seconds(valueOf(figure)));
        lags.reset();
      },
    }),
  );
  for (const { gauge } of gauges) registry.registerMetric(gauge);
  let looking = false;
  let until = 0;

  function gaugeOf(figure: (typeof FIGURES)[number]): Gauge {
    return new Gauge({
      name: `nodejs_eventloop_lag_${figure}_seconds`,
      help: `How late timers came since the last scrape, while there was work: ${figure}`,
      registers: [],
    });
  }

  /** In nanoseconds. */
  function valueOf(figure: (typeof FIGURES)[number]): number {
    return figure.startsWith('p') ? lags.percentile(Number(figure.slice(1))) : lags[figure as 'min'];
  }

  function look(): void {
    const due = timers.monotonic() + EVERY_MS;
    timers.setTimer(EVERY_MS, () => {
      const now = timers.monotonic();
      lags.record(Math.max(1, Math.round((now - due) * 1e6)));
      if (now < until) look();
      else looking = false;
    });
  }

  return {
    working() {
      until = timers.monotonic() + LINGER_MS;
      if (looking) return;
      looking = true;
      look();
    },
  };
}

function seconds(nanoseconds: number): number {
  return nanoseconds / 1e9;
}

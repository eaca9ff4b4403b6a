import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';

const packaging = join(import.meta.dirname, '../../packaging/prometheus');
const API = 'http://127.0.0.1:9090/api/v1';

const targetsAnswer = z.object({
  data: z.object({ activeTargets: z.array(z.object({ health: z.string(), lastError: z.string() })) }),
});
const alertsAnswer = z.object({
  data: z.object({
    alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

/** A Prometheus in the vmhost, with the configuration and the rules that k8slab comes with. */
export interface LabPrometheus {
  /** Names of the alerts that fire, each with that of its object. */
  firing(): Promise<string[]>;
  /** Waits until those fire and no others. */
  untilFiring(wanted: readonly string[], seconds: number): Promise<void>;
}

/** Resolves once k8slabd was scraped. The program is Debian's, of the machine that runs the tests. */
export async function startPrometheus(lab: Lab): Promise<LabPrometheus> {
  const program = readFileSync('/usr/bin/prometheus');
  await lab.must(['sh', '-c', 'cat >/usr/local/bin/prometheus && chmod 755 /usr/local/bin/prometheus'], {
    input: program,
  });
  const text = (name: string): string => readFileSync(join(packaging, name), 'utf8');
  const dir = '/etc/prometheus';
  await lab.writeFile(`${dir}/prometheus.yml`, text('prometheus.yaml').replaceAll(': 15s', ': 1s'));
  // What waits a minute in the field waits a moment here.
  await lab.writeFile(
    `${dir}/k8slab.rules.yaml`,
    text('k8slab.rules.yaml').replaceAll('for: 1m\n', 'for: 2s\n'),
  );
  await lab.must([
    ...['systemd-run', '--quiet', '--unit=prometheus', '/usr/local/bin/prometheus'],
    ...[`--config.file=${dir}/prometheus.yml`, '--storage.tsdb.path=/var/lib/prometheus'],
    '--web.listen-address=127.0.0.1:9090',
  ]);
  let last = '';
  const up = await poll(
    async () => {
      const { stdout } = await lab.exec(['curl', '-sf', `${API}/targets`]);
      last = stdout;
      if (stdout === '') return undefined;
      const { activeTargets } = targetsAnswer.parse(JSON.parse(stdout)).data;
      return activeTargets[0]?.health === 'up' ? true : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 300 },
  );
  assert.ok(up, `Prometheus does not scrape k8slabd: ${last}`);

  async function firing(): Promise<string[]> {
    const { data } = alertsAnswer.parse(JSON.parse(await lab.must(['curl', '-sf', `${API}/alerts`])));
    return data.alerts
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => [labels['alertname'], labels['name'] ?? ''].join(' ').trim())
      .sort();
  }
  return {
    firing,
    async untilFiring(wanted, seconds) {
      let found: string[] = [];
      await poll(
        async () => {
          found = await firing();
          return found.join() === wanted.join() ? true : undefined;
        },
        { timeoutMs: seconds * 1000, intervalMs: 300 },
      );
      assert.deepEqual(found, wanted);
    },
  };
}

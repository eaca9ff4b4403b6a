import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { createShownLab } from './shown-lab.ts';
import { metricNames } from './metric-names.ts';

const top = join(import.meta.dirname, '../..');
const dir = join(top, 'packaging/prometheus');
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const skip = hasPromtool ? false : 'promtool is not installed';

const rulesFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning', 'none']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});

const rules = globSync('*.rules.yaml', { cwd: dir }).flatMap((file) =>
  rulesFile.parse(parse(readFileSync(join(dir, file), 'utf8'))).groups.flatMap((group) => group.rules),
);

function promtool(...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', argv, { cwd: dir, encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}

it('promtool finds nothing to say about what a whole lab exposes', { skip }, async () => {
  const options = { input: await shownText(), encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], options);

  assert.equal(stdout + stderr, '');
});

describe('the alerting rules', () => {
  it('fire when they shall and are silent when they shall not', { skip }, () => {
    for (const file of globSync('*.test.yaml', { cwd: dir }))
      assert.equal(promtool('test', 'rules', file), '', file);
  });

  it('are loaded by the configuration that is given as an example', { skip }, () => {
    assert.equal(promtool('check', 'config', 'prometheus.yaml'), '');
  });

  it('have a test each', () => {
    const tests = readFileSync(join(dir, 'k8slab.test.yaml'), 'utf8');
    const untested = rules.filter(
      ({ alert, labels }) => labels.severity !== 'none' && !tests.includes(alert),
    );

    assert.deepEqual(
      untested.map(({ alert }) => alert),
      [],
    );
  });

  it('have a section of the runbook each, to which they point, and the runbook has no other', () => {
    const runbook = readFileSync(join(top, 'docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, title = '']) => title);

    assert.deepEqual(sections.sort(), rules.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of rules)
      assert.equal(annotations.runbook_url, `file:///usr/share/doc/k8slab/runbook.md#${alert.toLowerCase()}`);
  });

  it('ask for metrics that there are', async () => {
    const known = metricNames(await shownText());
    const asked = rules.flatMap(
      ({ expr }) => expr.match(/\b(k8slab|workqueue|controller_runtime|leader_election)_\w+/g) ?? [],
    );

    assert.ok(asked.length > 15, `${asked.length}`);
    assert.deepEqual(
      asked.filter((name) => !known.has(name)),
      [],
    );
  });
});

function shownText(): Promise<string> {
  const lab = createShownLab();
  lab.step();
  return lab.metrics.text();
}

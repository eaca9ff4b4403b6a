import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMetrics } from '../../src/engine/metrics.ts';
import { asked, dashboard } from './dashboard.ts';
import { hasPrometheus, startPrometheus, type Prometheus } from './prometheus-server.ts';
import { createShownLab } from './shown-lab.ts';

describe('the dashboard', () => {
  it('has panels that do not cover each other', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          const place = `${x},${y}`;
          assert.equal(taken.get(place), undefined, `${title} covers another panel`);
          assert.ok(x < 24, title);
          taken.set(place, title);
        }
  });

  it('shows whatever k8slab says of the lab', () => {
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
    const families = createMetrics({ version: '1' }).catalogue();
    const own = families.filter(({ name }) => name.startsWith('k8slab_'));

    // What others are joined with or is a detail, or what is alerted on.
    const unshown =
      /_info$|_timestamp_seconds$|_collect_errors|_claims_|_virtual_size|sessions$|_invalid$|_available$/;
    const absent = own.filter(({ name }) => !queries.includes(name) && !unshown.test(name));
    assert.deepEqual(
      absent.map(({ name }) => name),
      ['k8slab_driver_errors_total', 'k8slab_events_total'],
    );
  });

  describe('over a real Prometheus', { skip: hasPrometheus ? false : 'prometheus is not installed' }, () => {
    let prometheus: Prometheus;
    before(async () => {
      prometheus = await startPrometheus(createShownLab());
    });
    after(() => prometheus.stop());

    for (const { title, targets } of dashboard.panels) {
      it(`shows something in "${title}"`, async () => {
        for (const { expr } of targets)
          assert.notDeepEqual(await prometheus.query(asked(expr, '10s')), [], expr);
      });
    }
  });
});

import { daemonConfig } from '../src/api/daemon-config.ts';
import { createDrivers } from '../src/daemon/wiring.ts';
import { addElectedMetrics } from '../src/daemon/api-server/metrics.ts';
import { addVmhostMetrics } from '../src/daemon/vmhost-metrics.ts';
import { createQueues } from '../src/daemon/controllers.ts';
import { systemClock } from '../src/engine/clock.ts';
import type { FamilyInfo } from '../src/engine/family.ts';
import { silentLogger } from '../src/engine/logger.ts';
import { createMetrics } from '../src/engine/metrics.ts';

const INTRO = `# Metrics

<!-- made by npm run generate: edit the help of the metrics in src/engine, src/daemon and src/api/*/metrics.ts -->

\`k8slabd\` serves them at \`http://127.0.0.1:9811/metrics\` (\`listen\` of the [configuration](configuration.md)), on loopback alone: they need
no password there, and have no secret in them. A Prometheus on the vmhost reads them as
[packaging/prometheus/prometheus.yaml](../packaging/prometheus/prometheus.yaml) shows. One elsewhere gets them through what guards other
exporters already: a reverse proxy with TLS and a password, or \`ssh -L 9811:127.0.0.1:9811 VMHOST\`. On the vmhost itself
\`curl --unix-socket /run/k8slab/k8slab.sock http://localhost/metrics\` works too.

A scrape reads what the daemon knows and a few files; it never asks libvirt. A family that cannot be collected, or not within three
seconds, is left out and counted in \`k8slab_collect_errors_total\`; the rest is served. Counters begin at 0 when the daemon starts, so that
\`rate\` and \`increase\` see the first event too. Series of an object go with it.

A Node at rest has 11 series: nine conditions, \`k8slab_node_info\` and \`k8slab_drift_total\`. Each change that waits (\`RestartRequired\`,
\`Drifted\`, …) adds one while it does. A thousand Nodes take about 10 ms a scrape.

[Alerts](runbook.md) and a [dashboard](../packaging/grafana/k8slab.json) for Grafana are made of them. The picture shows the dashboard's
panels of ten minutes of a lab over three vmhosts, drawn by \`test/packaging/picture.ts\`, not by Grafana:

![The panels of the dashboard](images/dashboard.png)

To see a condition together with what the
Node is for:

\`\`\`promql
k8slab_object_condition{kind="Node",type="Ready",status!="True"} * on (name) group_left (role, address) k8slab_node_info
\`\`\`
`;

const SECTIONS: readonly (readonly [title: string, text: string, name: RegExp])[] = [
  ['The lab', '', /^k8slab_(?!driver_)/],
  [
    'Drivers',
    'Everything that the daemon asks of the world: libvirt, files, programs, guests. What each driver can be asked is in the table below.',
    /^k8slab_driver_/,
  ],
  [
    'Passes',
    "The names are controller-runtime's, so that its dashboards work. `controller` is a kind in lower case; `result` is `success` (all is as wanted, or waits), `requeue_after` (looked at again soon), `error`.",
    /^controller_runtime_/,
  ],
  [
    'Many vmhosts',
    "Only where an API server has the objects; the name is that of Kubernetes' leader election.",
    /^leader_election_/,
  ],
  ['Work queues', "The names are those of Kubernetes' work queues.", /^workqueue_/],
  ['The process', "The names are those of Prometheus' client for Node.js.", /^(process|nodejs)_/],
];

/** docs/metrics.md: every family that the daemon exposes, and what its drivers can be asked. */
export async function metricsPage(): Promise<string> {
  const clock = systemClock();
  const metrics = createMetrics({ version: '', clock });
  const config = daemonConfig.parse({});
  const drivers = createDrivers({ config, clock, metrics, log: silentLogger(), identity: KEYS });
  addElectedMetrics(metrics, () => ({ isElected: false, unschedulable: 0, away: [] }));
  addVmhostMetrics(metrics, { store: { list: () => [] }, dnsmasq: drivers.dnsmasq, clock, config });
  createQueues(clock, metrics);
  const families = metrics.catalogue();
  const sections = SECTIONS.flatMap(([title, text, name]) => [
    `## ${title}`,
    '',
    ...(text === '' ? [] : [text, '']),
    ...table(families.filter((family) => name.test(family.name))),
    '',
  ]);
  const untold = families.filter(({ name }) => !SECTIONS.some(([, , pattern]) => pattern.test(name)));
  if (untold.length > 0) throw new Error(`no section has ${untold.map(({ name }) => name).join(', ')}`);
  const operations = await operationsOf(metrics.text());
  return [INTRO, ...sections, '## What drivers are asked', '', ...operations, ''].join('\n');
}

/** Nothing is done with it. */
const KEYS = { privateKey: '', publicKey: '' };

function table(families: readonly FamilyInfo[]): string[] {
  return [
    '| metric | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...families.map(({ name, type, labels, help }) => {
      const named = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${named} | ${help} |`;
    }),
  ];
}

async function operationsOf(text: Promise<string>): Promise<string[]> {
  const found = (await text).matchAll(/^k8slab_driver_errors_total\{driver="(.*)",op="(.*)"\}/gm);
  const byDriver = Map.groupBy([...found], ([, driver]) => driver);
  return [
    '| `driver` | `op` |',
    '| --- | --- |',
    ...[...byDriver].map(
      ([driver, ops]) => `| \`${driver}\` | ${ops.map(([, , op]) => `\`${op}\``).join(', ')} |`,
    ),
  ];
}

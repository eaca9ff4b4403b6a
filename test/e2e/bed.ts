import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiObject, Condition } from '../../src/api/meta.ts';
import { createLab, type Lab, type LabOptions, type Vmhost } from '../lab/lab.ts';
import { suites } from '../lab/recipes.ts';
import { poll } from '../lab/processes.ts';
import { askApi } from '../lab/api.ts';
import { waitUntilReady } from '../lab/progress.ts';
import { assertNoSecretsToldOf } from './secrets.ts';

export const labManifests = join(import.meta.dirname, '../../manifests/lab');
/** An address beyond the vmhost's NAT, in a namespace of the lab's own. */
export const OUTSIDE = '198.51.100.2';

/** A lab of the test's own, that dies with it. Before, its vmhosts are searched for secrets that others than root can read. */
export async function bootLab(options: LabOptions & { name: string }): Promise<Lab> {
  // The suites that say no Debian run on another one by K8SLAB_LAB_SUITE.
  const suite = options.suite ?? suites.find((name) => name === process.env['K8SLAB_LAB_SUITE']);
  const lab = createLab({
    ...options,
    ...(suite === undefined ? {} : { suite }),
    dieWithParent: true,
    report: (line) => console.log(`# ${line}`),
  });
  await lab.up();
  return {
    ...lab,
    async down() {
      try {
        for (const vmhost of lab.vmhosts) if (vmhost.isUp()) await assertNoSecretsToldOf(vmhost);
      } finally {
        await lab.down();
      }
    },
  };
}

/** The same, with the tutorial's manifests, once all they name is Ready. */
export async function bootTutorialLab(options: LabOptions & { name: string }): Promise<Lab> {
  const lab = await bootLab(options);
  await applyManifests(lab, tutorialManifests());
  await startDaemon(lab);
  await allReady(lab, 300);
  return lab;
}

/** The manifests of manifests/lab by file name. */
export function tutorialManifests(): Map<string, string> {
  const names = readdirSync(labManifests).filter((name) => name.endsWith('.yaml'));
  return new Map(names.map((name) => [name, readFileSync(join(labManifests, name), 'utf8')]));
}

export async function applyManifests(lab: Vmhost, files: Iterable<readonly [string, string]>): Promise<void> {
  for (const [name, text] of files) await lab.writeFile(`/etc/k8slab.d/${name}`, text);
}

export async function startDaemon(lab: Vmhost): Promise<void> {
  await lab.must(['systemctl', 'start', 'k8slabd.service']);
}

/** Waits until every object is Ready; fails with what the daemon says otherwise. */
export async function allReady(lab: Vmhost, seconds: number): Promise<void> {
  const report = (line: string): void => console.log(`# ${line}`);
  if (await waitUntilReady(lab, { timeoutMs: seconds * 1000, report })) return;
  const { stdout } = await lab.exec(['journalctl', '-u', 'k8slabd', '-o', 'cat', '--no-pager', '-n', '60']);
  assert.fail(`not every object is Ready after ${seconds} s:\n${stdout}`);
}

export async function getObject(lab: Vmhost, reference: string): Promise<ApiObject | undefined> {
  const [kind = '', name = ''] = reference.split('/');
  const { code, stdout } = await askApi(lab, [`${kind}s/${name}`]);
  return code === 0 ? (JSON.parse(stdout) as ApiObject) : undefined;
}

export async function conditionOf(
  lab: Vmhost,
  reference: string,
  type: string,
): Promise<Condition | undefined> {
  return (await getObject(lab, reference))?.status.conditions.find((condition) => condition.type === type);
}

/** Waits until a condition of an object is as `accept` wants it, and returns it. */
export async function untilCondition(
  lab: Vmhost,
  [reference, type]: readonly [string, string],
  accept: (condition: Condition) => boolean,
  seconds = 60,
): Promise<Condition> {
  let last: Condition | undefined;
  const found = await poll(
    async () => {
      last = await conditionOf(lab, reference, type);
      return last !== undefined && accept(last) ? last : undefined;
    },
    { timeoutMs: seconds * 1000, intervalMs: 300 },
  );
  assert.ok(found, `${reference} ${type} is ${JSON.stringify(last)}`);
  return found;
}

/**
 * Calls that changed libvirt since the daemon started, as its metrics count them.
 * @param driver pattern of the drivers whose calls are counted
 */
export async function mutations(lab: Vmhost, driver = 'virsh'): Promise<number> {
  const text = await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);
  const series = new RegExp(`^k8slab_driver_mutations_total\\{driver="${driver}"[^}]*\\} (\\d+)$`, 'gm');
  const samples = [...text.matchAll(series)];
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The argv of the calls that changed libvirt, from the journal of this run of the daemon. */
export async function mutatingCalls(lab: Vmhost): Promise<string[][]> {
  const id = (await lab.must(['systemctl', 'show', '-p', 'InvocationID', '--value', 'k8slabd'])).trim();
  const journal = await lab.must(['journalctl', '-o', 'cat', '--no-pager', `_SYSTEMD_INVOCATION_ID=${id}`]);
  return journal
    .split('\n')
    .filter((line) => line.includes('"mutates":true'))
    .map((line) => (JSON.parse(line) as { argv: string[] }).argv);
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
}

/** Pings from a guest, 20 times a second. */
export async function ping(lab: Vmhost, from: string, to: string, count: number): Promise<PingResult> {
  const { stdout } = await lab.exec(['ssh', from, `/usr/bin/ping -n -i 0.05 -c ${count} -q ${to}`], {
    timeoutMs: 180_000,
  });
  const match = /(\d+) packets transmitted, (\d+) received/.exec(stdout);
  assert.ok(match, `ping from ${from} to ${to} printed: ${stdout}`);
  return { sent: Number(match[1]), received: Number(match[2]) };
}

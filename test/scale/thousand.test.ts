import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMetrics } from '../../src/engine/metrics.ts';
import { startLab, type Counts, type RunningLab } from './lab.ts';

const COUNT = 1000;
const names = Array.from({ length: COUNT }, (_, index) => `n${String(index).padStart(4, '0')}`);

function passesOf({ passes }: Counts, kind: string): [string, number][] {
  return [...passes].filter(([key]) => key.startsWith(`${kind}/`));
}

function calls({ changes }: Counts, what: string): number {
  return changes.filter((call) => call.startsWith(`${what} `)).length;
}

describe(`a world of ${COUNT} Nodes`, () => {
  let lab: RunningLab;
  let made: Counts;
  before(async () => {
    lab = startLab((bed) => {
      bed.apply('Network', 'k8s-net', { cidr: '192.168.0.0/19' });
      bed.apply('Image', 'debian');
      for (const name of names) bed.apply('Node', name);
    });
    await lab.settle();
    made = lab.take();
  });
  after(() => lab.stop());

  it('is made with each Node defined and started once, and few definitions of its network', () => {
    const ready = names.filter((name) => lab.bed.ready('Node', name) === 'True Ready');

    assert.equal(ready.length, COUNT);
    assert.deepEqual([calls(made, 'defineDomain'), calls(made, 'startDomain')], [COUNT, COUNT]);
    assert.ok(calls(made, 'defineNetwork') <= 3, `${calls(made, 'defineNetwork')} definitions`);
    assert.equal(calls(made, 'updateNetwork'), 0);
    for (const call of ['domainXml', 'networkXml']) assert.ok((made.libvirt.get(call) ?? 0) > 0, call);
  });

  it('has at most twelve series a Node', async () => {
    const metrics = createMetrics({ version: 'test' });
    metrics.watchObjects(() => lab.bed.store.all());
    await metrics.text();
    const since = performance.now();
    const lines = (await metrics.text()).split('\n');
    const ms = performance.now() - since;

    const found = lines.filter((line) => line.includes('name="n0'));
    assert.ok(found.length <= 12 * COUNT, `${found.length / COUNT} series a Node`);
    assert.ok(found.length >= 9 * COUNT, `${found.length / COUNT} series a Node`);
    // The benchmark says how long it takes; this is for what grows faster than the lab.
    assert.ok(ms < 500, `${Math.round(ms)} ms`);
  });

  it('gets one Node more by at most 10 passes, none of another Node', async () => {
    lab.bed.apply('Node', 'added');
    await lab.settle();
    const counts = lab.take();

    assert.equal(lab.bed.ready('Node', 'added'), 'True Ready');
    assert.deepEqual(
      passesOf(counts, 'Node').map(([key]) => key),
      ['Node/added'],
    );
    assert.ok(counts.total <= 10, JSON.stringify([...counts.passes]));
  });

  it('has one Node edited by at most 3 passes, one of them of that Node', async () => {
    lab.bed.apply('Node', 'n0001', { memory: '2Gi' });
    await lab.settle();
    const counts = lab.take();

    assert.equal(calls(counts, 'defineDomain'), 1);
    assert.deepEqual(passesOf(counts, 'Node'), [['Node/n0001', 1]]);
    assert.ok(counts.total <= 3, JSON.stringify([...counts.passes]));
  });

  it('is looked at again without a change, and without reading a document', async () => {
    lab.resync();
    await lab.settle();
    const counts = lab.take();

    assert.deepEqual(counts.changes, []);
    assert.equal(counts.total, COUNT + 4);
    for (const call of ['domainXml', 'networkXml']) assert.equal(counts.libvirt.get(call) ?? 0, 0, call);
  });
});

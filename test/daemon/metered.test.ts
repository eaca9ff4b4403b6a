import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { meteredHaproxy, meteredImages, meteredResolver } from '../../src/daemon/metered.ts';
import { meteredExec } from '../../src/daemon/metered-exec.ts';
import { addVmhostMetrics } from '../../src/daemon/vmhost-metrics.ts';
import type { Haproxy } from '../../src/drivers/haproxy.ts';
import type { ImageProgress, ImageStore } from '../../src/drivers/images.ts';
import { VIRSH_OPS } from '../../src/drivers/virsh/commands.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { withNode } from '../controllers/bed.ts';
import { createFakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { sample } from '../engine/sample.ts';

function createBed() {
  const [clock, metrics] = [createFakeClock(), createMetrics({ version: '1' })];
  return { clock, metrics, meter: { clock, metrics }, series: (name: string) => sample(metrics, name) };
}

describe('a metered driver', () => {
  it('counts and times what is asked of it, and fails as it did', async () => {
    const { clock, meter, series } = createBed();
    const resolver = meteredResolver(
      {
        addresses: () => clock.advance(250).then(() => ['192.168.111.10']),
        names: () => Promise.reject(new ReasonedError('DnsUnreachable', 'no answer')),
      },
      meter,
    );

    assert.equal(await series('k8slab_driver_call_duration_seconds_count{driver="dns",op="names"}'), 0);
    assert.deepEqual(await resolver.addresses('192.168.111.1', 'a'), ['192.168.111.10']);
    await assert.rejects(resolver.names('192.168.111.1', '192.168.111.10'), /no answer/);

    const found = [
      await series('k8slab_driver_call_duration_seconds_sum{driver="dns",op="addresses"}'),
      await series('k8slab_driver_errors_total{driver="dns",op="addresses"}'),
      await series('k8slab_driver_errors_total{driver="dns",op="names"}'),
      await series('k8slab_driver_error_reasons_total{driver="dns",reason="DnsUnreachable"}'),
    ];
    assert.deepEqual(found, [0.25, 0, 1, 1]);
  });

  it('U16: tells of changes in guests, with their cost, and warns of those that failed', async () => {
    const { clock, meter } = createBed();
    const log = createRecordingLogger();
    const failing = (): Promise<never> => Promise.reject(new ReasonedError('Unreachable', 'no route'));
    const haproxy = meteredHaproxy(
      { look: failing, apply: failing, enable: () => clock.advance(250) } as unknown as Haproxy,
      meter,
      log,
    );
    const target = { address: '192.168.111.30', user: 'debian', hostKeys: [] };

    await assert.rejects(haproxy.look(target, new AbortController().signal));
    await haproxy.enable(target);
    await assert.rejects(haproxy.apply(target, { text: '', sha256: '', ports: [] }));

    assert.deepEqual(
      log.lines.map(({ level, message, fields }) => [
        level,
        message,
        fields['op'],
        fields['guest'],
        fields['seconds'],
      ]),
      [
        ['info', 'guest changed', 'enable', '192.168.111.30', 0.25],
        ['warn', 'changing a guest failed', 'apply', '192.168.111.30', 0],
      ],
    );
  });
});

it('how far an image is has series while it is fetched, and none when that failed', async () => {
  const { meter, series } = createBed();
  const seen: (number | undefined)[] = [];
  const bytes = 'k8slab_image_fetch_bytes{name="debian",phase="Downloading"}';
  const progress: ImageProgress = { phase: 'Downloading', bytes: 1024, total: 4096 };
  const store: Partial<ImageStore> = {
    async fetch(_request, options) {
      options?.onProgress?.(progress);
      seen.push(await series(bytes), await series(bytes.replace('_bytes', '_size_bytes')));
      throw new ReasonedError('SourceUnreachable', 'no route');
    },
  };

  const images = meteredImages(store as ImageStore, meter);
  await assert.rejects(images.fetch({ name: 'debian', source: 'http://127.0.0.1/' }));

  assert.deepEqual([...seen, await series(bytes)], [1024, 4096, undefined]);
});

const CALLS: readonly (readonly [readonly string[], string])[] = [
  [['qemu-img', 'info', '-U', '--', '/x'], 'driver="qemu-img",op="info"'],
  [['xz', '--robot', '--list', '--', '/list'], 'driver="xz",op="list"'],
  [['prlimit', '--fsize=9', 'xz', '--decompress', '--keep', '--', '/x'], 'driver="xz",op="run"'],
  [['nft', '-f', '-'], 'driver="nft",op="run"'],
  [['iptables', '-w', '2', '-S'], 'driver="iptables",op="run"'],
];

for (const [argv, labels] of CALLS) {
  it(`${argv.join(' ')} counts as ${labels}`, async () => {
    const { meter, series } = createBed();
    const exec = meteredExec(() => Promise.resolve({ stdout: '', stderr: '', code: 0 }), meter);
    const name = `k8slab_driver_call_duration_seconds_count{${labels}}`;
    const before = await series(name);

    await exec(argv, { deadlineMs: 1 });

    assert.deepEqual([before, await series(name)], [0, 1]);
  });
}

it('every command of virsh that a driver calls counts from 0', () => {
  const dir = join(import.meta.dirname, '../../src/drivers');
  const texts = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(virsh|libvirt)/.test(path) && path.endsWith('.ts'))
    .map((path) => readFileSync(join(dir, path), 'utf8'));
  const called = texts.flatMap((text) =>
    [...text.matchAll(/\bcall\(\s*\[?\s*'([a-z-]+)'/g)].map(([, op = '']) => op),
  );

  assert.ok(called.length > 20, `${called.length}`);
  assert.deepEqual(
    called.filter((op) => !(VIRSH_OPS as readonly string[]).includes(op)),
    [],
  );
});

it('leases that have not expired and free space are read at the scrape', async () => {
  const { store } = withNode();
  const { clock, metrics, series } = createBed();
  const lease = { mac: '52:54:00:00:00:01', ip: '192.168.111.10' };
  const now = clock.now() / 1000;
  const leases = [
    { ...lease, expiry: now + 9 },
    { ...lease, expiry: now - 9 },
    { ...lease, expiry: 0 },
  ];
  const [network] = store.list('Network');
  store.updateStatus('Network', 'k8s-net', network?.metadata.uid ?? '', { conditions: [], bridge: 'virbr1' });

  const dnsmasq = { leases: () => Promise.resolve(leases) };
  addVmhostMetrics(metrics, { store, clock, dnsmasq, config: { storage: '/nowhere/at/all' } });

  assert.equal(await series('k8slab_network_leases{name="k8s-net"}'), 2);
  const free = (await series('k8slab_storage_free_bytes{path="/nowhere/at/all"}')) ?? 0;
  const size = (await series('k8slab_storage_size_bytes{path="/nowhere/at/all"}')) ?? 0;
  assert.ok(free > 0 && free <= size, `${free} of ${size}`);
});

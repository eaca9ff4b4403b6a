import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Lab } from '../lab/lab.ts';
import { allReady, applyManifests, bootLab, startDaemon, tutorialManifests } from './bed.ts';

/**
 * K8SLAB_POWER_CUTS: how many, at new moments; K8SLAB_SEED: those of an earlier run. With neither it is one, at the same
 * moment each time.
 */
const { K8SLAB_POWER_CUTS: wanted, K8SLAB_SEED: given } = process.env;
const seed = Number(given ?? (wanted === undefined ? 1 : Date.now() % 2 ** 31));
/** The tutorial's lab is up within this time. */
const BRING_UP_MS = 25_000;
const moments = fc.sample(fc.noBias(fc.nat(BRING_UP_MS)), { numRuns: Number(wanted ?? 1), seed });

const GUESTS = ['loadbalancer', 'master00', 'master01', 'master02', 'worker00'];
const DIRS = [
  '/var/lib/libvirt/images/k8slab',
  '/var/lib/k8slab',
  '/var/lib/libvirt/dnsmasq/k8slab-k8s-net-*',
];
const HASHED = /-[0-9a-f]{12}\.(?=iso|qcow2)/;

/** All that k8slab writes below its directories for the tutorial's lab, but the journal of objects; without hashes of content. */
const FILES = [
  ...GUESTS.flatMap((name) => [`disks/${name}.json`, `disks/${name}.qcow2`, `seeds/${name}.iso`]),
  ...GUESTS.flatMap((name) => [`hostkeys/${name}_ed25519`, `hostkeys/${name}_ed25519.pub`]),
  ...['ca.crt', 'ca.key', 'server.crt', 'server.key', 'token'].map((name) => `api/${name}`),
  ...['images/guest.json', 'images/guest.qcow2', 'known_hosts'],
  ...['.read', 'hosts', 'hosts'],
];

describe('a vmhost that loses power while the lab is brought up', () => {
  let lab: Lab | undefined;
  after(() => lab?.down());

  for (const [index, moment] of moments.entries()) {
    it(`has the lab an undisturbed one has (cut ${index + 1} of ${moments.length}, after ${moment} ms, seed ${seed})`, async () => {
      await lab?.down();
      lab = await bootLab({ name: 'e2e-power' });
      await applyManifests(lab, tutorialManifests());
      await lab.must(['systemctl', 'enable', 'k8slabd.service']);
      await startDaemon(lab);
      await sleep(moment);

      await lab.cutPower();

      await allReady(lab, 300);
      const lines = async (...argv: string[]): Promise<string[]> =>
        (await lab?.must(argv))?.split('\n').filter((line) => line !== '') ?? [];
      assert.deepEqual((await lines('virsh', 'list', '--all', '--name')).sort(), GUESTS);
      assert.deepEqual(await lines('virsh', 'net-list', '--all', '--name'), ['default', 'k8s-net']);
      const files = await lines(
        'sh',
        '-c',
        `find ${DIRS.join(' ')} -type f ! -name objects.json -printf '%P\\n'`,
      );
      assert.deepEqual(files.map((path) => path.replace(HASHED, '.')).sort(), FILES.toSorted());
      assert.match(await lab.must(['k8slab', 'verify']), / 0 failed, 0 skipped/);
      assert.match(await lab.must(['k8slab', 'plan']), /^Nothing to do$/m);
    });
  }
});

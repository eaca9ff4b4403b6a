import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/engine/clock.ts';
import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';
import { startLoaded, type LoadedDaemon } from './daemon.ts';
import { assertFlat, leakWarnings, resources, told, type Growth, type Resources } from './resources.ts';
import { full } from './share.ts';

const NODES = 20;
const PER_SECOND = 200;
const TICK_MS = 50;
/** A file that is away for longer counts as gone (docs/manifests.md). */
const GONE_MS = 200;
const names = Array.from({ length: NODES }, (_, index) => `n${String(index).padStart(2, '0')}`);

/** A connection that is being closed, what a pool of threads keeps, code that was compiled meanwhile. */
const MAY_GROW: Growth = {
  ...{ descriptors: 4, active: 4, emitters: 10, timers: 10, signals: 10, promises: 60 },
  ...{ heapMiB: 8, rssMiB: 120 },
};

let lab: LoadedDaemon;
/** What each Node's manifest says last. */
const wanted = new Map<string, number>();

function nodeWith(name: string, mib: number): string {
  wanted.set(name, mib);
  return nodeText(name, { memory: `${mib}Mi` });
}

/** As editors write: over the file, or beside it and then in its place. */
async function write(file: string, text: string, whole: boolean): Promise<void> {
  const path = join(lab.config.manifests, file);
  if (!whole) return writeFile(path, text);
  await writeFile(`${path}.swp~`, text);
  await rename(`${path}.swp~`, path);
}

/** MiB in libvirt's definition. */
function defined(name: string): number | undefined {
  const found = /<memory unit=["']KiB["']>(\d+)</.exec(lab.world.domains.get(name)?.xml ?? '');
  return found === null ? undefined : Number(found[1]) / 1024;
}

function late(): string[] {
  return [...wanted].filter(([name, mib]) => defined(name) !== mib).map(([name]) => name);
}

/** @returns seconds until libvirt's definitions are what the manifests say last */
async function untilInForce(seconds: number): Promise<number> {
  const since = performance.now();
  while (late().length > 0 || !lab.daemon.allReady()) {
    assert.ok(
      performance.now() - since < seconds * 1000,
      `${late().join()} ${JSON.stringify(lab.daemon.notReady())}`,
    );
    await sleep(TICK_MS);
  }
  return (performance.now() - since) / 1000;
}

async function passes(): Promise<number> {
  const samples = (await lab.metrics()).matchAll(/^controller_runtime_reconcile_total\{[^}]*\} (\d+)$/gm);
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

function take(call: string): number {
  return lab.world.calls.filter((each) => each.startsWith(`${call} `)).length;
}

describe(`the daemon with ${NODES} Nodes`, () => {
  let acting: NodeJS.Timeout;
  let held: Resources;
  before(async () => {
    lab = await startLoaded({
      clock: systemClock(),
      async prepare(dir) {
        await writeFile(
          join(dir, 'net.yaml'),
          networkText('k8s-net', { domain: 'k8s-thw.local', bridge: { name: 'virbr1' } }),
        );
        await writeFile(join(dir, 'image.yaml'), imageText('debian'));
        for (const name of names) await writeFile(join(dir, `${name}.yaml`), nodeWith(name, 1024));
      },
    });
    acting = setInterval(() => lab.guests.act(), 20);
    await untilInForce(60);
    held = await resources();
  });
  after(async () => {
    clearInterval(acting);
    await lab.stop();
  });

  it(`takes ${PER_SECOND} edits a second in, many at once`, async (t) => {
    const seconds = full ? 60 : 2;
    const first = await passes();
    lab.world.calls.length = 0;
    lab.guests.forget();
    const since = performance.now();
    for (let edit = 0; edit < seconds * PER_SECOND; edit += 1) {
      const name = names[(edit * 17) % NODES] ?? '';
      await write(`${name}.yaml`, nodeWith(name, 1024 + edit), edit % 2 === 0);
      await sleep(Math.max(0, since + ((edit + 1) * 1000) / PER_SECOND - performance.now()));
    }
    const took = (performance.now() - since) / 1000;

    const convergence = await untilInForce(10);

    const [made, definitions] = [(await passes()) - first, take('defineDomain')];
    t.diagnostic(
      `${seconds * PER_SECOND} edits in ${took.toFixed(1)} s, in force ${convergence.toFixed(1)} s later; ${made} passes, ${definitions} definitions`,
    );
    assert.ok(definitions >= NODES && definitions < (seconds * PER_SECOND) / 2, `${definitions} definitions`);
  });

  it('does as often as it must what a manifest that flips says, and nothing to a guest whose file comes and goes', async (t) => {
    const seconds = full ? 600 : 1;
    const [flipping = '', fleeting = ''] = names;
    const there = nodeWith(fleeting, 1024);
    await write(`${fleeting}.yaml`, there, true);
    await untilInForce(10);
    lab.world.calls.length = 0;
    lab.guests.forget();
    const until = performance.now() + seconds * 1000;
    let [flips, longest] = [0, 0];
    for (; performance.now() < until; flips += 1) {
      await write(`${flipping}.yaml`, nodeWith(flipping, flips % 2 === 0 ? 2048 : 1024), flips % 3 === 0);
      const since = performance.now();
      await rm(join(lab.config.manifests, `${fleeting}.yaml`));
      await sleep(TICK_MS);
      await write(`${fleeting}.yaml`, there, false);
      longest = Math.max(longest, performance.now() - since);
      // At times longer than what a file must be quiet for, at times shorter.
      await sleep((flips % 10) * TICK_MS);
    }

    const convergence = await untilInForce(10);

    const definitions = take('defineDomain');
    t.diagnostic(
      `${flips} flips in ${seconds} s, ${definitions} definitions, in force ${convergence.toFixed(1)} s later; away for ${longest.toFixed()} ms at most`,
    );
    assert.ok(definitions <= flips + 1, `${definitions} definitions`);
    // A busy machine may keep the file away for too long.
    if (longest < GONE_MS)
      assert.deepEqual(
        lab.world.calls.filter((call) => !call.startsWith('defineDomain ')),
        [],
      );
  });

  it('holds no more after all that than before', async (t) => {
    const now = await resources();
    t.diagnostic(told(held, now));
    assertFlat(held, now, MAY_GROW);
    assert.deepEqual(leakWarnings(), []);
  });
});

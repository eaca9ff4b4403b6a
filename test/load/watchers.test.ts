import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { API_VERSION } from '../../src/api/meta.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { imageText } from '../api/manifest/samples.ts';
import { startLoaded, type LoadedDaemon } from './daemon.ts';
import { assertFlat, leakWarnings, resources, told, type Growth } from './resources.ts';
import { full } from './share.ts';

const WATCHERS = 1000;
const MAY_GROW: Growth = {
  ...{ descriptors: 2, active: 2, emitters: 10, timers: 10, signals: 10, promises: 60 },
  ...{ heapMiB: 8, rssMiB: 250 },
};

/** A client that watches Images, as `curl --no-buffer` does. */
interface Watcher {
  readonly socket: Socket;
  /** Until that was told of. */
  told(name: string): Promise<void>;
}

async function watcher(path: string): Promise<Watcher> {
  const socket = connect(path).setEncoding('utf8');
  let text = '';
  let look = (): void => undefined;
  socket.on('data', (chunk: string) => {
    text += chunk;
    look();
  });
  // Those that go without a word end so.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /apis/${API_VERSION}/images?watch=true HTTP/1.1\r\nHost: k8slab\r\n\r\n`);
  return {
    socket,
    told: (name) =>
      new Promise((resolve) => {
        look = () => {
          if (text.includes(`"name":"${name}"`)) resolve();
        };
        look();
      }),
  };
}

describe(`${WATCHERS} watchers on the API`, () => {
  let lab: LoadedDaemon;
  const manifest = (name: string): Promise<void> =>
    writeFile(join(lab.config.manifests, `${name}.yaml`), imageText(name));
  async function round(name: string, count = WATCHERS): Promise<number> {
    const path = join(lab.config.runtime, 'k8slab.sock');
    const watchers = await Promise.all(Array.from({ length: count }, () => watcher(path)));
    await Promise.all(watchers.map((each) => each.told('first')));
    await manifest(name);
    const since = performance.now();
    await Promise.all(watchers.map((each) => each.told(name)));
    const seconds = (performance.now() - since) / 1000;
    watchers.forEach(({ socket }, index) => {
      if (index % 2 === 0) socket.destroy();
      else socket.end();
    });
    await Promise.all(
      watchers.filter(({ socket }) => !socket.closed).map(({ socket }) => once(socket, 'close')),
    );
    return seconds;
  }
  before(async () => {
    lab = await startLoaded({
      clock: systemClock(),
      prepare: (dir) => writeFile(join(dir, 'first.yaml'), imageText('first')),
    });
    await round('warm', 50);
  });
  after(() => lab.stop());

  it('are all told of a change, and leave nothing behind when they go without a word', async (t) => {
    const held = await resources();
    const times: number[] = [];
    for (let count = full ? 60 : 1; count > 0; count -= 1) times.push(await round(`image${count}`));

    const now = await resources();
    t.diagnostic(`told within ${Math.max(...times).toFixed(1)} s of the write, ${times.length} times`);
    t.diagnostic(told(held, now));
    assert.ok(Math.max(...times) < 10);
    assertFlat(held, now, MAY_GROW);
    assert.deepEqual(leakWarnings(), []);
  });
});

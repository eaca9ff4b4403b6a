import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { imageText, K8S_NET, nodeText } from '../api/manifest/samples.ts';
import type { LoadedDaemon, LoadOptions } from '../load/daemon.ts';
import { createDaemons } from '../load/daemons.ts';

describe('a Node that runs, whose manifest is invalid when the daemon starts', () => {
  const daemons = createDaemons();
  let lab: LoadedDaemon;

  async function start(more: Partial<LoadOptions>): Promise<void> {
    lab = await daemons.start(more);
  }

  async function put(name: string, text: string): Promise<void> {
    await writeFile(join(lab.config.manifests, name), text);
  }

  async function reload(): Promise<void> {
    await lab.daemon.reload();
    await settled();
  }

  /** All is Ready but these files. */
  async function settled(...files: readonly string[]): Promise<void> {
    const wrong = (): string =>
      lab.daemon
        .notReady()
        .map(({ name }) => basename(name))
        .join();
    await daemons.until('all else is Ready', () => wrong() === files.join(), wrong);
  }

  function named(): readonly string[] {
    const lines = (lab.world.files.get('/etc/hosts') ?? '').split('\n');
    return lines.flatMap((line) => /^192\.168\.\S+ (?:\S+ )?(\w+)$/.exec(line)?.[1] ?? []);
  }

  beforeEach(async () => {
    await start({
      prepare: async (dir) => {
        await writeFile(join(dir, 'lab.yaml'), [K8S_NET, imageText('debian'), nodeText('a')].join('\n---\n'));
        await writeFile(join(dir, 'b.yaml'), nodeText('b'));
      },
    });
    await settled();
    assert.deepEqual(named(), ['a', 'b']);
    await put('b.yaml', nodeText('b', { cpus: 'many' }));
    await lab.halt();
    lab.world.calls.length = 0;
    await start({ vmhost: lab });
    await settled('b.yaml');
  });
  afterEach(() => lab.stop());

  it('runs on and is named as before, also once its manifest is valid again', async () => {
    assert.deepEqual([lab.world.calls, named()], [[], ['a', 'b']]);

    await put('b.yaml', nodeText('b'));
    await reload();

    assert.deepEqual([lab.world.calls, named()], [[], ['a', 'b']]);
  });

  it('is removed once its manifest is gone', async () => {
    await rm(join(lab.config.manifests, 'b.yaml'));
    await reload();
    await daemons.until('its guest is gone', () => !lab.world.domains.has('b') && named().length === 1);

    assert.deepEqual([[...lab.world.domains.keys()], named()], [['a'], ['a']]);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { watchDirs, type DirWatches } from '../../src/drivers/watch-dirs.ts';

describe('a directory that the kernel refuses to watch', () => {
  let dir: string;
  let refuses: boolean;
  let told: (string | undefined)[];
  let watches: DirWatches;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'k8slab-watch-'));
    refuses = true;
    told = [];
    const refusing = (...of: Parameters<typeof watch>): ReturnType<typeof watch> => {
      if (refuses) throw new Error('ENOSPC: System limit for number of file watchers reached');
      return watch(...of);
    };
    watches = watchDirs({
      dirs: () => [dir],
      onChange: (_dir, name) => told.push(name),
      recheckMs: 3_600_000,
      watch: refusing as typeof watch,
    });
  });
  afterEach(() => {
    watches.dispose();
    rmSync(dir, { recursive: true });
  });

  it('is none that is watched, and tells nothing by each look', () => {
    watches.refresh();
    watches.refresh();

    assert.equal(watches.complete(), false);
    assert.deepEqual(told, []);
  });

  it('is watched as soon as it can be, and anything in it may have changed until then', () => {
    refuses = false;

    watches.refresh();
    watches.refresh();

    assert.equal(watches.complete(), true);
    assert.deepEqual(told, [undefined]);
  });
});

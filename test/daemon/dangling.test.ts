import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ManifestWarning } from '../../src/api/manifest/types.ts';
import { createDangling, type Dangling } from '../../src/daemon/dangling.ts';
import { createFakeClock, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from '../engine/recording-logger.ts';

const MISSING: ManifestWarning = {
  file: 'a.yaml',
  line: 3,
  column: 9,
  path: 'spec.disk.image',
  code: 'UnknownReference',
  message: 'no manifest has the Image "debian"',
  object: { kind: 'Node', name: 'a' },
};

function createBed(): {
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly dangling: Dangling;
} {
  const clock = createFakeClock();
  const log = createRecordingLogger();
  return { clock, log, dangling: createDangling({ clock, log }) };
}

describe('a reference to what no manifest has', () => {
  it('U9: is told once, and not again when it moves in its file, to another file, or something alike appears', async () => {
    const { clock, log, dangling } = createBed();
    dangling.update([MISSING]);
    await clock.advance(60_000);
    assert.equal(log.lines.length, 1);

    const moves = [{ line: 4 }, { column: 11 }, { file: 'b.yaml' }, { hint: 'did you mean "debian12"?' }];
    for (const moved of moves) {
      dangling.update([{ ...MISSING, ...moved }]);
      await clock.advance(120_000);
      assert.equal(log.lines.length, 1, JSON.stringify(moved));
    }
  });

  it('U9: does not wait anew when lines are added above it, and is told where it is then', async () => {
    const { clock, log, dangling } = createBed();
    dangling.update([MISSING]);
    await clock.advance(59_000);
    dangling.update([{ ...MISSING, line: 4 }]);

    await clock.advance(1_000);

    assert.deepEqual(
      log.lines.map(({ fields }) => [fields['line'], fields['why']]),
      [[4, 'a.yaml:4:9: spec.disk.image: no manifest has the Image "debian"']],
    );
  });

  it('U9: is another one by its object, its field and what it names', async () => {
    const { clock, log, dangling } = createBed();
    dangling.update([
      MISSING,
      { ...MISSING, object: { kind: 'Node', name: 'b' } },
      { ...MISSING, path: 'spec.disk.cloneOf' },
      { ...MISSING, message: 'no manifest has the Image "rocky"' },
    ]);

    await clock.advance(60_000);

    assert.equal(log.lines.length, 4);
  });

  it('U9: that was mended and is missing again is told again', async () => {
    const { clock, log, dangling } = createBed();
    for (const warnings of [[MISSING], [], [MISSING]]) {
      dangling.update(warnings);
      await clock.advance(60_000);
    }

    assert.equal(log.lines.length, 2);
  });
});

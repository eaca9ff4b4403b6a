import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonedError } from '../../src/api/errors.ts';
import { bytesOfMebibytes, diskBytes, formatBytes, mebibytes, parseBytes } from '../../src/api/quantity.ts';

describe('quantities', () => {
  const cases = [
    { text: '16Gi', bytes: 17_179_869_184, reason: 'binary units are powers of 1024' },
    { text: '512Mi', bytes: 536_870_912, reason: 'binary' },
    { text: '1k', bytes: 1000, reason: 'Kubernetes writes the decimal kilo in lower case' },
    { text: '20G', bytes: 20_000_000_000, reason: 'decimal units are powers of 1000' },
    { text: '1', bytes: 1, reason: 'no unit means bytes' },
    { text: '8191Ti', bytes: 8191 * 1024 ** 4, reason: 'the largest that is still exact' },
  ];
  for (const { text, bytes, reason } of cases) {
    it(`reads ${text} exactly: ${reason}`, () => {
      assert.equal(parseBytes(text), bytes);
    });
  }

  for (const text of [
    '',
    '0',
    '16GB',
    '16K',
    '1.5Gi',
    '-1',
    ' 1',
    '1Gi ',
    '01',
    '1e3',
    '8192Ti',
    `1${'0'.repeat(400)}`,
  ]) {
    it(`refuses "${text.slice(0, 20)}" rather than guess`, () => {
      assert.throws(() => parseBytes(text), ReasonedError);
    });
  }

  it('come back equal after writing and reading', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        assert.equal(parseBytes(formatBytes(bytes)), bytes);
      }),
    );
  });

  it('of disks are rounded up to whole sectors, as QEMU rounds them', () => {
    assert.deepEqual(['1500M', '1', '512', '16Gi'].map(diskBytes), [1_500_000_256, 512, 512, 16 * 2 ** 30]);
  });

  it('are written in the largest binary unit that is exact', () => {
    assert.deepEqual([17_179_869_184, 1536 * 1024 ** 2, 1000, 0].map(formatBytes), [
      '16Gi',
      '1536Mi',
      '1000',
      '0',
    ]);
  });

  it('are never written from what is not a number of bytes', () => {
    for (const bytes of [-1, 0.5, Number.NaN, Infinity])
      assert.throws(() => formatBytes(bytes), ReasonedError);
  });
});

describe('mebibytes', () => {
  it('count one that is begun as a whole one, and come back as they were', () => {
    assert.deepEqual([2 ** 20, 2 ** 20 + 1, 2 ** 30].map(mebibytes), [1, 2, 1024]);
    assert.equal(mebibytes(bytesOfMebibytes(1536)), 1536);
  });
});

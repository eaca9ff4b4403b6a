import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileNameOf, findChecksum } from '../../../src/api/image/checksums.ts';
import { complaints, imageText } from '../manifest/samples.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const LONG = 'c'.repeat(128);

describe('a file of checksums', () => {
  const cases: readonly [reason: string, text: string, expected: string | undefined][] = [
    ['as sha256sum writes it', `${B}  b.img\n${A}  a.img\n`, `sha256:${A}`],
    ['of binary mode, as Ubuntu has it', `${A} *a.img\n`, `sha256:${A}`],
    ['of sha512sum, as Debian has it', `${LONG}  a.img\n`, `sha512:${LONG}`],
    [
      "of BSD's form, as CentOS and Rocky have it",
      `# a.img: 5 bytes\nSHA256 (a.img) = ${A}\n`,
      `sha256:${A}`,
    ],
    [
      'signed, as Fedora has it',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSHA256 (a.img) = ${A}\n-----BEGIN PGP SIGNATURE-----\n${B}\n`,
      `sha256:${A}`,
    ],
    ['of paths below its directory', `${A}  ./a.img\n`, `sha256:${A}`],
    ['with line ends of Windows and capital digits', `${A.toUpperCase()}  a.img\r\n`, `sha256:${A}`],
    ['of both sorts gives the longer one', `${A}  a.img\n${LONG}  a.img\n`, `sha512:${LONG}`],
    ['that says the same twice', `${A}  a.img\nSHA256 (a.img) = ${A}\n`, `sha256:${A}`],
    ['that contradicts itself says nothing', `${A}  a.img\n${B}  a.img\n`, undefined],
    ['of other files, of which one ends like it', `${A}  data.img\n${B}  x/a.img\n`, undefined],
    [
      'of a sort that is not strong enough',
      `${'d'.repeat(40)}  a.img\nMD5 (a.img) = ${'d'.repeat(32)}\n`,
      undefined,
    ],
    ['that is an error page', '<html><title>404</title></html>', undefined],
    ['that is empty', '', undefined],
  ];
  for (const [reason, text, expected] of cases) {
    it(reason, () => assert.equal(findChecksum(text, 'a.img'), expected));
  }

  it('lists a source by the last part of its path', () => {
    assert.equal(fileNameOf('https://user:pw@mirror.example/x/a%2Bb.img?token=1'), 'a+b.img');
    assert.equal(fileNameOf('https://mirror.example/x/a%.img'), 'a%.img');
    assert.equal(fileNameOf('/srv/images/a.img'), 'a.img');
  });

  it('is named by an https URL, which nobody on the way can change', () => {
    const spec = { source: 'http://mirror.example/a.img' };

    assert.deepEqual(
      complaints(imageText('i', { ...spec, checksum: 'https://mirror.example/SHA256SUMS' })),
      [],
    );
    const [complaint] = complaints(imageText('i', { ...spec, checksum: 'http://mirror.example/SHA256SUMS' }));
    assert.match(complaint ?? '', /^spec\.checksum: must be sha256: or sha512: .* https URL/);
  });
});

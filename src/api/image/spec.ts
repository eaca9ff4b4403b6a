import { z } from 'zod';
import { form } from '../kinds/fields.ts';

export const imageSpec = z.strictObject({
  source: form(
    /^(https?:\/\/[^\s/]+\/\S*|\/[^\0\n]*)$/,
    'must be an http(s) URL or an absolute path on the vmhost',
    4096,
  ).meta({
    description:
      'Where the image comes from: an http(s) URL or a file on the vmhost; xz, gz and zst are unpacked.',
    examples: ['https://mirror.example/debian-12-genericcloud-amd64.qcow2', '/srv/images/debian-12.qcow2'],
  }),
  checksum: form(
    /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|https:\/\/[^\s/]+\/\S*)$/,
    'must be sha256: or sha512: and lower-case hex digits, or the https URL of a file of checksums',
    4096,
  )
    .optional()
    .meta({
      description:
        'Checksum of the source as it is fetched, or the https URL of a file (SHA256SUMS, CHECKSUM) that lists it under its name when it is fetched; required for http URLs.',
      examples: ['sha256:4b0f9b1c…', 'https://mirror.example/SHA512SUMS'],
    }),
  format: z
    .enum(['qcow2', 'raw'])
    .optional()
    .meta({ description: 'Format of the unpacked image; found out from its content when left out.' }),
});

export type ImageSpec = z.output<typeof imageSpec>;

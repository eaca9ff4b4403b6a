import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, errorLines, nodeText } from '../manifest/samples.ts';

describe('a Node', () => {
  const refused = [
    {
      spec: { disk: {} },
      lines: ['spec.disk: one of image, cloneOf and path must say where the disk comes from'],
    },
    {
      spec: { disk: { image: 'a', cloneOf: 'b', path: '/c' } },
      lines: [
        'spec.disk.cloneOf: only one of image, cloneOf and path can be given, image is there already',
        'spec.disk.path: only one of image, cloneOf and path can be given, image is there already',
      ],
    },
    {
      spec: { disk: { path: '/c', size: '1Gi' } },
      lines: ['spec.disk.size: an existing disk file keeps its size (leave size out)'],
    },
    {
      spec: { disk: { path: '/var/lib/libvirt/images/k8slab/disks/../images/a-0123456789ab.qcow2' } },
      lines: [
        'spec.disk.path: guests stand on what is in the store of images, and a guest that writes to it would destroy ' +
          'their disks (name its Image by disk.image, or copy the file to another directory)',
      ],
    },
    {
      spec: { disk: { image: 'a', size: '1Ki' } },
      lines: ['spec.disk.size: must be at least 1Mi, found 1Ki'],
    },
    {
      spec: { disk: { image: 'a', size: '9999999Ti' } },
      lines: ['spec.disk.size: cannot read quantity "9999999Ti": it is too large'],
    },
    { spec: { memory: '63Mi' }, lines: ['spec.memory: must be at least 64Mi, found 63Mi'] },
    {
      spec: { networks: [{ network: 'a' }, { network: 'b' }, { network: 'a' }] },
      lines: ['spec.networks[2].network: a is there twice'],
    },
    {
      spec: {
        networks: [
          { network: 'a', mac: '52:54:00:00:00:0A' },
          { network: 'b', mac: '52:54:00:00:00:0a' },
        ],
      },
      lines: ['spec.networks[1].mac: 52:54:00:00:00:0a is there twice'],
    },
    {
      spec: { networks: [{ network: 'a', mac: 'FE:54:00:00:00:0A' }] },
      lines: ['spec.networks[0].mac: libvirt keeps addresses that begin with fe, found fe:54:00:00:00:0a'],
    },
    { spec: { dnsAliases: ['api', 'www', 'api'] }, lines: ['spec.dnsAliases[2]: api is there twice'] },
    {
      spec: {
        cloudInit: {
          files: [
            { path: '/a', content: '' },
            { path: '/a', content: 'b' },
          ],
        },
      },
      lines: ['spec.cloudInit.files[1].path: /a is there twice'],
    },
    {
      spec: { podCIDR: '10.200.0.9/24' },
      lines: [
        'spec.podCIDR: 10.200.0.9/24 is an address within a network, not a network (write 10.200.0.0/24)',
      ],
    },
  ];
  for (const { spec, lines } of refused) {
    it(`is refused when ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(complaints(nodeText('n', spec)), lines);
    });
  }

  it('E10: is refused with an address of another family', () => {
    assert.deepEqual(complaints(nodeText('n', { networks: [{ network: 'a', address: 'fd00::9' }] })), [
      'spec.networks[0].address: must be an IPv4 address such as 192.168.111.150, found "fd00::9"',
    ]);
  });

  for (const disk of [{ image: 'a' }, { cloneOf: 'a', size: '20Gi' }, { path: '/srv/a.qcow2' }]) {
    it(`is accepted with disk ${JSON.stringify(disk)}`, () => {
      assert.deepEqual(complaints(nodeText('n', { disk, memory: '64Mi' })), []);
    });
  }
});

describe('R24, C8: userData, which cloud-init reads as YAML 1.1', () => {
  const withUserData = (...lines: readonly string[]): string =>
    [
      ...['apiVersion: k8slab.io/v1alpha1', 'kind: Node', 'metadata: {name: a}', 'spec:'],
      ...['  disk: {image: debian}', '  networks: [{network: n}]', '  cloudInit:', '    userData:'],
      ...lines.map((line) => `      ${line}`),
    ].join('\n');

  for (const value of ['0644', 'no', 'Yes', 'on', 'OFF', '1:30', '1_000', '0o755', '-012']) {
    it(`is refused with ${value} unless it is in quotes`, () => {
      const [line = '', ...more] = errorLines(withUserData('a:', `- {b: ${value}}`));

      assert.deepEqual(more, []);
      assert.ok(line.startsWith(`10:13: spec.cloudInit.userData.a[0].b: ${value} means another thing`), line);
      assert.ok(line.includes(`write it in quotes: "${value}"`), line);
      assert.deepEqual(errorLines(withUserData('a:', `- {b: "${value}"}`)), []);
    });
  }

  it('is taken with what means the same in both', () => {
    const values = [
      'true',
      'false',
      '0',
      '10',
      '-1',
      '1.5',
      '~',
      'yess',
      'node',
      '10:99x',
      '0x1f',
      'y',
      '2026-01-01',
    ];

    assert.deepEqual(errorLines(withUserData(`a: [${values.join(', ')}]`, 'b: |', '  no')), []);
  });
});

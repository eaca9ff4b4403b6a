import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { childFields, explain } from '../../../src/api/kinds/explain.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';

function thrown(path: string): ReasonedError {
  try {
    explain(path);
  } catch (error) {
    if (error instanceof ReasonedError) return error;
  }
  assert.fail(`${path} is explained`);
}

describe('explain', () => {
  it('prints a kind in the shape of kubectl explain', () => {
    const text = explain('Image.spec');

    assert.equal(
      text,
      [
        'KIND:       Image',
        'VERSION:    k8slab.io/v1alpha1',
        '',
        'FIELD:      spec <object>',
        '',
        'DESCRIPTION:',
        '    What the object shall be.',
        '',
        'FIELDS:',
        '  source\t<string> -required-',
        '  example: https://mirror.example/debian-12-genericcloud-amd64.qcow2, /srv/images/debian-12.qcow2',
        '    Where the image comes from: an http(s) URL or a file on the vmhost; xz, gz',
        '    and zst are unpacked.',
        '',
        '  checksum\t<string>',
        '  example: sha256:4b0f9b1c…, https://mirror.example/SHA512SUMS',
        '    Checksum of the source as it is fetched, or the https URL of a file',
        '    (SHA256SUMS, CHECKSUM) that lists it under its name when it is fetched;',
        '    required for http URLs.',
        '',
        '  format\t<string>',
        '  enum: qcow2, raw',
        '    Format of the unpacked image; found out from its content when left out.',
        '',
      ].join('\n'),
    );
  });

  const lines = [
    { path: 'node.spec.policy', line: '  enum: Never, OnAddressChange, OnAnyChange', reason: 'the choices' },
    { path: 'node.spec.policy', line: '  default: OnAddressChange', reason: 'the default' },
    { path: 'node.spec', line: '  networks\t<[]object> -required-', reason: 'a list of mappings' },
    { path: 'node.metadata', line: '  labels\t<map[string]string>', reason: 'a mapping of free keys' },
    {
      path: 'kn.spec.networks.mac',
      line: 'FIELD:      spec.networks.mac <string>',
      reason: 'a field within a list',
    },
    { path: 'KNET.spec.cidr', line: 'KIND:       Network', reason: 'short names in any case' },
    {
      path: 'nodes.spec.networks[0].mac',
      line: 'KIND:       Node',
      reason: 'plurals, and a path as errors write it',
    },
    { path: 'node.status', line: '  address\t<string>', reason: 'fields of the status' },
    {
      path: 'vmhost.status.conditions',
      line: '  reason\t<string>',
      reason: 'conditions, also of what has no manifest',
    },
    {
      path: 'node.spec.',
      line: 'FIELD:      spec <object>',
      reason: 'a path whose next field is still to be written',
    },
    { path: 'node.spec.cpus', line: '    range: 1 to 1024', reason: 'the range of a number' },
  ];
  for (const { path, line, reason } of lines) {
    it(`shows ${reason}`, () => {
      assert.ok(explain(path).split('\n').includes(line), explain(path));
    });
  }

  const unknown = [
    { path: 'nod', reason: 'UnknownKind', hint: 'did you mean "node"?' },
    { path: 'nodse', reason: 'UnknownKind', hint: 'did you mean "node"?' },
    { path: '', reason: 'UnknownKind', hint: 'known kinds: Vmhost, Network, Image, Node, LoadBalancer' },
    { path: 'node.status.adress', reason: 'UnknownField', hint: 'did you mean "address"?' },
    {
      path: 'vmhost.status.x',
      reason: 'UnknownField',
      hint: 'known here: conditions, observedGeneration, libvirtVersion, arch, domainType, version, machineID, capacity, allocatable, addresses, sshHostKey, sshPublicKey, images',
    },
    { path: 'node.spec.memroy', reason: 'UnknownField', hint: 'did you mean "memory"?' },
    { path: 'node.memory', reason: 'UnknownField', hint: '"memory" belongs at spec.memory' },
    { path: 'node.spec.role.x', reason: 'UnknownField', hint: undefined },
    {
      path: 'node.constructor',
      reason: 'UnknownField',
      hint: 'known here: apiVersion, kind, metadata, spec, status',
    },
  ];
  for (const { path, reason, hint } of unknown) {
    it(`refuses "${path}" and names what is nearest`, () => {
      const error = thrown(path);

      assert.equal(error.reason, reason);
      assert.equal(error.hint, hint);
    });
  }

  it('recursively is every field by its name and type, of the status too', () => {
    const lines = explain('node', { recursive: true }).split('\n');

    for (const line of [
      '  spec\t<object>',
      '    cpus\t<integer>',
      '      restart\t<string>',
      '      enum: Never, OnAddressChange, OnAnyChange',
      '  status\t<object>',
      '    conditions\t<[]object>',
      '      lastTransitionTime\t<string>',
    ])
      assert.ok(lines.includes(line), line);
    assert.equal(explain('node.spec.disk', { recursive: true }).split('\n').at(-2)?.startsWith('  '), true);
  });

  it('describes every field of every status', () => {
    for (const { kind } of KINDS.all) {
      const below = (path: string): string[] =>
        childFields(path).flatMap(({ name, description, hasFields }) => {
          assert.notEqual(description, '', `${path}.${name}`);
          return [name, ...(hasFields ? below(`${path}.${name}`) : [])];
        });
      assert.ok(below(`${kind.toLowerCase()}.status`).includes('lastTransitionTime'));
    }
  });
});

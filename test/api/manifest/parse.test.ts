import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { positionOf } from '../../../src/api/manifest/places.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import { errorLines, good, imageText, networkText, nodeText } from './samples.ts';

const NETWORK = `# the lab
apiVersion: k8slab.io/v1alpha1
kind: Network
metadata:
  name: k8s-net
  labels: {zone: a}
spec:
  cidr: 192.168.111.0/24
  bridge: {mac: 52:54:00:AB:CD:EF}
`;

describe('a manifest', () => {
  it('becomes an object with its defaults filled in', () => {
    const [object] = good('lab.yaml', NETWORK);

    assert.ok(object?.kind === 'Network');
    assert.equal(object.name, 'k8s-net');
    assert.deepEqual(object.labels, { zone: 'a' });
    assert.deepEqual(object.annotations, {});
    assert.deepEqual(object.spec.forward, { mode: 'nat' });
    assert.equal(object.spec.autostart, true);
  });

  it('knows where it and each of its fields stand', () => {
    const [object] = good('lab.yaml', NETWORK);

    assert.ok(object);
    assert.deepEqual(object.source, { file: 'lab.yaml', line: 2 });
    assert.deepEqual(positionOf(object, ['spec', 'cidr']), { line: 8, column: 9 });
    assert.deepEqual(positionOf(object, ['spec', 'bridge', 'mac']), { line: 9, column: 17 });
    assert.deepEqual(
      positionOf(object, ['spec', 'bridge', 'stp']),
      { line: 9, column: 11 },
      'defaults: the parent',
    );
    assert.deepEqual(positionOf(object, ['spec', 'dns', 'records', 0]), { line: 8, column: 3 });
  });

  it('E19: keeps MAC addresses in lower case with colons, however they are written', () => {
    const [a, b, c] = good(
      'f',
      NETWORK,
      NETWORK.replace('k8s-net', 'b').replace('52:54:00:AB:CD:EF', '"52:54:00:AB:CD:EF"'),
      nodeText('c', { networks: [{ network: 'n', mac: '52-54-00-5E-53-FB' }] }),
    );

    assert.ok(a?.kind === 'Network' && b?.kind === 'Network' && c?.kind === 'Node');
    assert.equal(a.spec.bridge.mac, '52:54:00:ab:cd:ef');
    assert.equal(b.spec.bridge.mac, '52:54:00:ab:cd:ef');
    assert.equal(c.spec.networks[0]?.mac, '52:54:00:5e:53:fb');
  });

  it('E101: may have a MAC address of digits only without quotes', () => {
    const [object] = good('f', NETWORK.replace('52:54:00:AB:CD:EF', '52:54:00:00:00:01'));

    assert.ok(object?.kind === 'Network');
    assert.equal(object.spec.bridge.mac, '52:54:00:00:00:01');
  });

  it('may be JSON, indented with tabs', () => {
    const text = JSON.stringify(JSON.parse(nodeText('a')), undefined, '\t');

    assert.deepEqual(good('a.json', text)[0]?.name, 'a');
  });

  it('may come with a byte-order mark and the line ends of Windows', () => {
    const [object] = good('f', `\u{feff}${NETWORK.replaceAll('\n', '\r\n')}`);

    assert.deepEqual(object?.source.line, 2);
  });

  it('may be one of several; empty documents between them do not count', () => {
    const text = `---\n${nodeText('a')}\n---\n---\n# nothing\n---\nnull\n---\n${imageText('b')}\n---\n`;

    assert.deepEqual(
      good('f', text).map(({ kind, name, source }) => `${kind}/${name}:${source.line}`),
      ['Node/a:2', 'Image/b:9'],
    );
  });

  it('that holds only comments means no objects', () => {
    assert.deepEqual(parseManifest('f', '# later\n'), { objects: [], errors: [], opaque: false });
  });

  it('may use anchors and aliases', () => {
    const text = `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: a, labels: {zone: &zone b}, annotations: {zone: *zone}}
spec: {disk: {image: debian}, networks: [{network: &zone n}], role: *zone}
`;
    const [object] = good('f', text);

    assert.ok(object?.kind === 'Node');
    assert.equal(object.annotations.zone, 'b', 'the anchor above it');
    assert.equal(object.spec.role, 'n', 'the last anchor above it');
  });
});

describe("a manifest's hash", () => {
  const [plain] = good('f', NETWORK);

  it('E87: does not change with comments, order, quotes, labels, or defaults that are spelled out', () => {
    const other = `kind: Network
apiVersion: k8slab.io/v1alpha1
metadata: {name: k8s-net}
spec:
  autostart: true # as it is anyway
  bridge: {"mac": '52:54:00:ab:cd:ef'}
  cidr: "192.168.111.0/24"
`;

    assert.equal(good('g', other)[0]?.hash, plain?.hash);
  });

  it('changes with the spec', () => {
    assert.notEqual(good('f', NETWORK.replace('111', '112'))[0]?.hash, plain?.hash);
  });
});

describe('a file with errors', () => {
  it('gives the objects that have none, and all errors of all documents in order', () => {
    const broken = nodeText('b').replace('"image"', '"imag"');
    const { objects, errors } = parseManifest(
      'f',
      [broken, nodeText('a'), 'kind: [', imageText('c')].join('\n---\n'),
    );

    assert.deepEqual(
      objects.map(({ name }) => name),
      ['a', 'c'],
    );
    assert.deepEqual(
      errors.map(({ line, code, object }) => [line, code, object?.name]),
      [
        [1, 'UnknownField', 'b'],
        [6, 'InvalidYaml', undefined],
      ],
    );
  });

  it('names the object of each error where it can', () => {
    const [error] = parseManifest('f', networkText('n', { cidr: '10.0.0.1/24' })).errors;

    assert.deepEqual(error?.object, { kind: 'Network', name: 'n' });
  });
});

describe('what is not an object of k8slab', () => {
  const cases = [
    { text: '', lines: ['1:1: the file is empty (remove the file, or write a comment)'] },
    { text: ' \n\t\n', lines: ['1:1: the file is empty (remove the file, or write a comment)'] },
    { text: '- a', lines: ['1:1: expected apiVersion, kind, metadata and spec'] },
    { text: '%FOO bar\n', lines: ['1:1: cannot read the YAML: Unknown directive %FOO'] },
    { text: 'spec: {}', lines: ['1:1: kind: required field is missing'] },
    { text: 'kind: 5', lines: ['1:7: kind: the kind must be a word'] },
    { text: 'kind: Nod', lines: ['1:7: kind: unknown kind "Nod" (did you mean "Node"?)'] },
    { text: 'kind: knet', lines: ['1:7: kind: unknown kind "knet" (did you mean "Network"?)'] },
    {
      text: 'kind: Pod',
      lines: ['1:7: kind: unknown kind "Pod" (known kinds: Network, Image, Node, LoadBalancer)'],
    },
    {
      text: 'kind: Deployment',
      lines: ['1:7: kind: unknown kind "Deployment" (known kinds: Network, Image, Node, LoadBalancer)'],
    },
    {
      text: 'kind: Vmhost',
      lines: ['1:7: kind: unknown kind "Vmhost" (known kinds: Network, Image, Node, LoadBalancer)'],
    },
    {
      text: 'apiVersion: v1\nkind: Node\nspec: {unschedulable: true}',
      lines: ['1:13: apiVersion: unknown apiVersion "v1" (write k8slab.io/v1alpha1)'],
    },
  ];
  for (const { text, lines } of cases) {
    it(`is refused with a word on what is expected: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(errorLines(text), lines);
    });
  }
});

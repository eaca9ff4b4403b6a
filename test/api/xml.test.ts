import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  attribute,
  editChild,
  element,
  elements,
  first,
  parseXml,
  renderXml,
  replaceChildren,
  textOf,
  withAttributes,
  withChild,
  type XmlElement,
  type XmlNode,
} from '../../src/api/xml.ts';

/** What XML can carry: no control characters, no lone surrogates; line ends are normalised by every parser. */
const text = fc.string({
  unit: fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    ';',
    ' ',
    '#',
    'x',
    '&amp;',
    'é',
    '名',
    '😀',
    '\u00a0',
    ']]>',
  ),
  maxLength: 12,
});
const name = fc.constantFrom('host', 'dnsmasq:option', 'x-y', 'a_b', 'devices', 'b2');
const attributes = fc.dictionary(fc.constantFrom('ip', 'xmlns:k8slab', 'value', 'type'), text, {
  maxKeys: 3,
});

/** Elements as libvirt prints them: either some text or elements. */
const tree: fc.Arbitrary<XmlElement> = fc.letrec<{ node: XmlElement; children: XmlNode[] }>((tie) => ({
  node: fc.record({ name, attributes, children: tie('children') }),
  children: fc.oneof(
    { maxDepth: 4 },
    fc.constant<XmlNode[]>([]),
    text.map((content): XmlNode[] => (content === '' ? [] : [content])),
    fc.array<XmlNode>(tie('node'), { minLength: 1, maxLength: 4 }),
  ),
})).node;

function plain(node: XmlNode): unknown {
  if (typeof node === 'string') return node;
  return { name: node.name, attributes: { ...node.attributes }, children: node.children.map(plain) };
}

describe('XML', () => {
  it('shares what is alike and nothing else: names and values are told apart', () => {
    const text = '<a><b x="yz" w="1"/><b xy="z" w="1"/><b x="y" z="w1"/><b x="yz" w="1"/></a>';

    const [one, other, third, again] = elements(parseXml(text));

    assert.deepEqual(
      [one, other, third, again].map((each) => each?.attributes),
      [
        { x: 'yz', w: '1' },
        { xy: 'z', w: '1' },
        { x: 'y', z: 'w1' },
        { x: 'yz', w: '1' },
      ],
    );
    assert.equal(one?.attributes, again?.attributes);
    assert.notEqual(one, again, 'an edit of one element is none of its twin');
  });

  it('E21: is the same after rendering and parsing, whatever characters it carries', () => {
    fc.assert(fc.property(tree, (root) => assert.deepEqual(plain(parseXml(renderXml(root))), plain(root))));
  });

  it('rendered twice is the same text, so that nothing grows', () => {
    fc.assert(
      fc.property(tree, (root) => {
        const once = renderXml(root);
        assert.equal(renderXml(parseXml(once)), once);
      }),
    );
  });

  it('keeps the order of elements, attributes it knows nothing of, text and numbers as they are written', () => {
    const written =
      '<network connections="3">\n  <b/>\n  <a x="007"> two  spaces </a>\n  <b y="1e3" z="true">0123</b>\n</network>\n';

    assert.equal(renderXml(parseXml(written)), written);
  });

  it('takes text between elements as it stands, and does not grow there either', () => {
    const mixed = '<m>before<b/>after <c>x</c></m>';

    const once = renderXml(parseXml(mixed));

    assert.deepEqual(
      parseXml(once).children.map((child) => (typeof child === 'string' ? child : child.name)),
      ['before', 'b', 'after ', 'c'],
    );
    assert.equal(renderXml(parseXml(once)), once);
  });

  it('F12: gives back what others keep in metadata as it was: comments, white space, text between elements', () => {
    const theirs = `<app:note xmlns:app="urn:x">\n\t<!-- keep & <me> --> mixed <app:b/>text\n   <app:c a="1&#10;2"/></app:note>`;
    const written = `<domain><name>a</name><metadata>\n<!-- theirs -->\n${theirs}\n</metadata></domain>`;

    const once = renderXml(parseXml(written));

    assert.ok(once.includes(theirs), once);
    assert.ok(once.includes('<!-- theirs -->'), once);
    assert.equal(renderXml(parseXml(once)), once);
  });

  it('keeps a newline in an attribute, which a parser would read as a space', () => {
    const root = element('a', { b: 'one\ntwo\tthree' });

    assert.equal(renderXml(root), '<a b="one&#10;two&#9;three"/>\n');
    assert.equal(attribute(parseXml(renderXml(root)), 'b'), 'one\ntwo\tthree');
  });

  it('R12: takes as many elements in one another as libvirt takes backing files', () => {
    const depth = 250;
    const nested = `${'<backingStore>'.repeat(depth)}${'</backingStore>'.repeat(depth)}`;

    assert.equal(renderXml(parseXml(nested)).split('<backingStore').length - 1, depth);
  });

  it('decodes entities once', () => {
    const root = parseXml(`<a b='&amp;lt;&apos;&#65;'>&amp;amp; &#xe9;</a>`);

    assert.equal(attribute(root, 'b'), "&lt;'A");
    assert.equal(textOf(root), '&amp; é');
  });

  for (const broken of ['', 'no xml', '<a>', '<a', '<a/><b/>', '<a b=c/>', '<a __proto__="x"/>']) {
    it(`that is ${JSON.stringify(broken)} is refused with a reason and one line`, () => {
      assert.throws(() => parseXml(broken), { reason: 'InvalidXml', message: /^cannot parse XML: [^\n]+$/ });
    });
  }
});

describe('an edit of XML', () => {
  const root = parseXml(
    '<n><name>k</name><host ip="1"/><foreign/><host ip="2"/><other>text</other><host ip="3"/></n>',
  );

  it('puts a child where the first of its name stands, and leaves the others', () => {
    const edited = withChild(root, 'host', element('host', { ip: 9 }));

    assert.deepEqual(
      elements(edited).map((child) => attribute(child, 'ip') ?? child.name),
      ['name', '9', 'foreign', '2', 'other', '3'],
    );
  });

  it('takes out the first child of a name when there is none to put there', () => {
    const edited = withChild(root, 'host', undefined);

    assert.deepEqual(
      elements(edited).map((child) => attribute(child, 'ip') ?? child.name),
      ['name', 'foreign', '2', 'other', '3'],
    );
    assert.deepEqual(withChild(root, 'none', undefined), root);
  });

  it('puts what replaces owned children where the first of them stood, whatever stands between them', () => {
    const owned = (child: XmlElement): boolean => child.name === 'host' && attribute(child, 'ip') !== '2';

    const edited = replaceChildren(root, owned, [element('host', { ip: 7 }), element('host', { ip: 8 })]);

    assert.deepEqual(
      elements(edited).map((child) => attribute(child, 'ip') ?? child.name),
      ['name', '7', '8', 'foreign', '2', 'other'],
    );
  });

  it('appends what replaces nothing', () => {
    const edited = replaceChildren(root, (child) => child.name === 'none', [element('new')]);

    assert.equal(elements(edited).at(-1)?.name, 'new');
    assert.equal(elements(edited).length, elements(root).length + 1);
  });

  it('of a child that is missing makes it', () => {
    const edited = editChild(root, 'dns', (dns) => withAttributes(dns, { enable: 'yes' }));

    assert.equal(attribute(first(edited, 'dns'), 'enable'), 'yes');
  });

  it('takes away an attribute that is set to undefined and keeps the others', () => {
    const ip = parseXml('<ip address="1" prefix="24" localPtr="yes"/>');

    assert.deepEqual(
      { ...withAttributes(ip, { prefix: undefined, netmask: 'm' }).attributes },
      {
        address: '1',
        localPtr: 'yes',
        netmask: 'm',
      },
    );
  });
});

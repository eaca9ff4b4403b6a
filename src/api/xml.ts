import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { ReasonedError, toError } from './errors.ts';

/** An element whose children keep the document's order, so that what k8slab does not model survives an edit. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}
export type XmlNode = XmlElement | string;

type Ordered = Record<string, unknown>;
const ATTRIBUTES = ':@';
const TEXT = '#text';

const shared = { preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', textNodeName: TEXT };
const parser = new XMLParser({
  ...shared,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  htmlEntities: true,
});
// eslint-disable-next-line @typescript-eslint/no-deprecated -- fast-xml-parser re-exports it; its successor is the same code
const builder = new XMLBuilder({
  ...shared,
  suppressBooleanAttributes: false,
  suppressEmptyNode: true,
  format: true,
  indentBy: '  ',
});

/** @throws ReasonedError InvalidXml where the text is no single well-formed element */
export function parseXml(text: string): XmlElement {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    throw new ReasonedError('InvalidXml', `cannot parse XML: line ${verdict.err.line}: ${verdict.err.msg}`);
  }
  const roots = fromOrdered(parseOrdered(text)).filter((node) => typeof node !== 'string');
  const [root] = roots;
  if (root === undefined || roots.length !== 1) {
    throw new ReasonedError('InvalidXml', `cannot parse XML: ${roots.length} root elements`);
  }
  return root;
}

function parseOrdered(text: string): Ordered[] {
  try {
    return parser.parse(text) as Ordered[];
  } catch (error) {
    throw new ReasonedError('InvalidXml', `cannot parse XML: ${toError(error).message}`, { cause: error });
  }
}

export function renderXml(root: XmlElement): string {
  return `${builder.build(toOrdered([root])).trim()}\n`;
}

function fromOrdered(nodes: readonly Ordered[]): XmlNode[] {
  // Beside elements, white space is indentation, which rendering makes anew; alone, it is content.
  const indented = nodes.some((node) => !(TEXT in node));
  return nodes.flatMap((node): XmlNode[] => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES);
    if (name === undefined) return [];
    if (name === TEXT) return textNode(String(node[TEXT]), indented);
    const attributes = (node[ATTRIBUTES] ?? {}) as Record<string, string>;
    return [{ name, attributes, children: fromOrdered(node[name] as Ordered[]) }];
  });
}

function textNode(text: string, indented: boolean): string[] {
  const kept = indented ? text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '') : text;
  return kept === '' ? [] : [kept];
}

function toOrdered(nodes: readonly XmlNode[]): Ordered[] {
  return nodes.map((node) =>
    typeof node === 'string'
      ? { [TEXT]: node }
      : { [node.name]: toOrdered(node.children), [ATTRIBUTES]: { ...node.attributes } },
  );
}

/** Makes an element; attributes given as undefined are left out. */
export function element(
  name: string,
  attributes: Record<string, string | number | undefined> = {},
  children: readonly (XmlNode | undefined)[] = [],
): XmlElement {
  const given: Record<string, string> = {};
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== undefined) given[key] = String(value);
  }
  return { name, attributes: given, children: children.filter((child) => child !== undefined) };
}

export function elements(parent: XmlElement | undefined, name?: string): XmlElement[] {
  const all = (parent?.children ?? []).filter((node): node is XmlElement => typeof node !== 'string');
  return name === undefined ? all : all.filter((child) => child.name === name);
}

export function first(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return elements(parent, name)[0];
}

export function textOf(node: XmlElement | undefined): string | undefined {
  return node?.children
    .filter((child) => typeof child === 'string')
    .join('')
    .trim();
}

export function attribute(node: XmlElement | undefined, name: string): string | undefined {
  return node?.attributes[name];
}

export function withAttributes(
  node: XmlElement,
  attributes: Record<string, string | number | undefined>,
): XmlElement {
  return element(node.name, { ...node.attributes, ...attributes }, node.children);
}

export function withChildren(node: XmlElement, children: readonly (XmlNode | undefined)[]): XmlElement {
  return { ...node, children: children.filter((child) => child !== undefined) };
}

/**
 * Puts `child` where the first element of that name stands, or at the end; `undefined` takes that element out.
 * All else stays as it is.
 */
export function withChild(parent: XmlElement, name: string, child: XmlElement | undefined): XmlElement {
  const current = first(parent, name);
  if (current === undefined) return withChildren(parent, [...parent.children, child]);
  return withChildren(
    parent,
    parent.children.map((node) => (node === current ? child : node)),
  );
}

/** Edits the first child of that name, making it where there is none. */
export function editChild(
  parent: XmlElement,
  name: string,
  edit: (child: XmlElement) => XmlElement,
): XmlElement {
  return withChild(parent, name, edit(first(parent, name) ?? element(name)));
}

/** Replaces all children that `owned` names by `replacement`, in the place of the first of them. */
export function replaceChildren(
  parent: XmlElement,
  owned: (child: XmlElement) => boolean,
  replacement: readonly XmlElement[],
): XmlElement {
  const isOwned = (node: XmlNode): boolean => typeof node !== 'string' && owned(node);
  const at = parent.children.findIndex(isOwned);
  const place = at === -1 ? parent.children.length : at;
  const before = parent.children.slice(0, place);
  const after = parent.children.slice(place).filter((node) => !isOwned(node));
  return withChildren(parent, [...before, ...replacement, ...after]);
}

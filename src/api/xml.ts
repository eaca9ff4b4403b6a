import { XMLParser, XMLValidator } from 'fast-xml-parser';
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
const COMMENT = '#comment';
/** Where others keep elements of their own, which come back to the last space. */
const METADATA = 'metadata';
/** Our own one among them, of which the space between elements is indentation. */
export const MARK = 'k8slab:object';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: TEXT,
  commentPropName: COMMENT,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  htmlEntities: true,
  // A chain of backing files is one element in another, 200 of them at most.
  maxNestedTags: 512,
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

/** Indented, except for what has text between its elements, which comes back as it was. */
export function renderXml(root: XmlElement): string {
  return `${render(root, '', false)}\n`;
}

function render(node: XmlNode, indent: string, inline: boolean): string {
  if (typeof node === 'string') return escape(node);
  const { name, children } = node;
  if (name === COMMENT) return `<!--${children.filter((child) => typeof child === 'string').join('')}-->`;
  const tag = `${name}${renderAttributes(node)}`;
  if (name.startsWith('?')) return `<${tag}?>`;
  if (children.length === 0) return `<${tag}/>`;
  const asItIs = inline || children.some((child) => typeof child === 'string');
  const inner = `${indent}  `;
  const parts = children.map((child) => `${asItIs ? '' : `\n${inner}`}${render(child, inner, asItIs)}`);
  return `<${tag}>${parts.join('')}${asItIs ? '' : `\n${indent}`}</${name}>`;
}

function renderAttributes({ attributes }: XmlElement): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escape(value).replace(/[\t\n\r]/g, reference)}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** In an attribute a parser would read it as a space. */
function reference(character: string): string {
  return `&#${character.charCodeAt(0)};`;
}

const NO_CHILDREN: readonly XmlNode[] = [];

function fromOrdered(nodes: readonly Ordered[], parent = '', foreign = false): readonly XmlNode[] {
  if (nodes.length === 0) return NO_CHILDREN;
  const asItIs = foreign || hasMixedContent(nodes);
  const found = nodes.map((node): XmlNode | undefined => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES);
    if (name === undefined) return undefined;
    if (name === TEXT) return textNode(String(node[TEXT]), nodes.length > 1 && !asItIs);
    const attributes = (node[ATTRIBUTES] ?? {}) as Record<string, string>;
    const inner = node[name] as Ordered[];
    const theirs = asItIs || (parent === METADATA && name !== MARK);
    return {
      name: shared(name, () => name),
      attributes: sharedAttributes(attributes),
      children: fromOrdered(inner, name, theirs),
    };
  });
  // Cut to its length: an array that grew has room for more, in each of the elements of a thousand documents.
  return found.filter((node) => node !== undefined).slice();
}

/** Domains are alike: their documents share what is the same text by text, rather than hold it a thousand times. */
const known = new Map<string, unknown>();
const KNOWN_LIMIT = 4096;

function shared<T>(key: string, make: () => T): T {
  const found = known.get(key) as T | undefined;
  if (found !== undefined) return found;
  if (known.size >= KNOWN_LIMIT) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}

function sharedAttributes(attributes: Record<string, string>): Record<string, string> {
  let key = '\0';
  for (const name in attributes) key += `${name}\0${attributes[name] ?? ''}\0`;
  return shared(key, () =>
    Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, ownText(value)])),
  );
}

/** Shorter parts of a text are copies of their own in V8. */
const SLICE_LENGTH = 13;

/** A part of a document as a text of its own: as a slice it would keep the whole document in memory. */
function ownText(text: string): string {
  return text.length < SLICE_LENGTH ? text : Buffer.from(text).toString();
}

/** Text that says something, beside elements. */
function hasMixedContent(nodes: readonly Ordered[]): boolean {
  return nodes.length > 1 && nodes.some((node) => TEXT in node && /[^ \t\r\n]/.test(String(node[TEXT])));
}

/** Beside elements, white space is indentation, which rendering makes anew; alone, it is content. */
function textNode(text: string, indentation: boolean): string | undefined {
  return text === '' || indentation ? undefined : ownText(text);
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
  const all = (parent?.children ?? []).filter(isElement);
  return name === undefined ? all : all.filter((child) => child.name === name);
}

/** Neither text nor a comment. */
function isElement(node: XmlNode): node is XmlElement {
  return typeof node !== 'string' && node.name !== COMMENT;
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

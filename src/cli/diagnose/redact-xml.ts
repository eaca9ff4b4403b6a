import { parseXml, renderXml, type XmlElement, type XmlNode } from '../../api/xml.ts';
import { MARK } from '../../api/xml.ts';
import { REDACTED } from './redact-text.ts';

/** Elements whose whole content is somebody's own: words, what QEMU and its firmware are handed. */
const OWN = new Set([
  'description',
  'title',
  'qemu:commandline',
  'bhyve:commandline',
  'lxc:namespace',
  'auth',
  'secret',
]);

/** libvirt's XML without what others may have put a secret into. The mark of k8slab stays. */
export function redactXml(text: string): string {
  return renderXml(redactElement(parseXml(text)));
}

function redactElement(node: XmlElement): XmlElement {
  if (OWN.has(node.name) || isFirmwareText(node)) return { ...node, children: [REDACTED] };
  if (node.name === 'metadata') return { ...node, children: node.children.map(onlyMark) };
  return {
    ...node,
    children: node.children.map((child) => (typeof child === 'string' ? child : redactElement(child))),
  };
}

function isFirmwareText({ name, attributes }: XmlElement): boolean {
  return name === 'sysinfo' && attributes['type'] === 'fwcfg';
}

/** The prefix may be any; that of k8slab is the one that it writes. */
function onlyMark(child: XmlNode): XmlNode {
  if (typeof child === 'string' || child.name === MARK) return child;
  return { ...child, children: [REDACTED] };
}

import {
  attribute,
  editChild,
  element,
  elements,
  first,
  textOf,
  withAttributes,
  withChild,
  withChildren,
  type XmlElement,
} from '../../src/api/xml.ts';
import { isMulticast, macFrom, refuse } from './state.ts';

const OP = 'define';
const KIB: Readonly<Record<string, number>> = {
  b: 1 / 1024,
  KiB: 1,
  MiB: 1024,
  GiB: 1024 ** 2,
  KB: 1000 / 1024,
};

/** What libvirt refuses of a domain. @throws VirshError InvalidXml or OperationFailed */
export function checkDomain(root: XmlElement): void {
  if ((textOf(first(root, 'name')) ?? '') === '') refuse(OP, 'XML error: missing name', 'InvalidXml');
  checkCpus(root);
  const devices = first(root, 'devices');
  for (const nic of elements(devices, 'interface')) {
    const mac = attribute(first(nic, 'mac'), 'address');
    if (mac !== undefined && isMulticast(mac))
      refuse(OP, `XML error: expected unicast mac address, found multicast '${mac}'`, 'InvalidXml');
  }
  const targets = elements(devices, 'disk').map((disk) => attribute(first(disk, 'target'), 'dev') ?? '');
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined)
    refuse(OP, `XML error: target '${twice}' duplicated for disk sources`, 'InvalidXml');
}

/** <vcpu> against what else counts them: <topology>, <numa>, <vcpus>. */
function checkCpus(root: XmlElement): void {
  const vcpu = first(root, 'vcpu');
  const max = Number(textOf(vcpu) ?? 1);
  if (Number(attribute(vcpu, 'current') ?? max) > max)
    refuse(OP, 'unsupported configuration: maximum vCPUs must not be less than current vCPUs');
  const cpu = first(root, 'cpu');
  const topology = first(cpu, 'topology');
  const product = ['sockets', 'dies', 'cores', 'threads']
    .map((name) => Number(attribute(topology, name) ?? 1))
    .reduce((a, b) => a * b, 1);
  if (topology !== undefined && product !== max)
    refuse(OP, "unsupported configuration: CPU topology doesn't match maximum vcpu count");
  const inNuma = elements(first(cpu, 'numa'), 'cell').flatMap((cell) =>
    numbers(attribute(cell, 'cpus') ?? ''),
  );
  if (inNuma.length > max) refuse(OP, 'internal error: Number of CPUs in <numa> exceeds the <vcpu> count');
  const beyond = elements(first(root, 'vcpus'), 'vcpu').find(
    ({ attributes }) => Number(attributes['id']) >= max,
  );
  if (beyond !== undefined)
    refuse(
      OP,
      `XML error: vcpu id '${beyond.attributes['id'] ?? ''}' is out of range of maximum vcpu count`,
      'InvalidXml',
    );
}

/** `0-1,3` as numbers. */
function numbers(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return part === '' ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** A definition as libvirt keeps it: UUID and MAC addresses filled in, memory in KiB, every vCPU listed or none. */
export function completeDomain(root: XmlElement, uuid: string, serial: number): XmlElement {
  const [name] = elements(root, 'name');
  const others = elements(root).filter((child) => child !== name && child.name !== 'uuid');
  const given = first(root, 'uuid') ?? element('uuid', {}, [uuid]);
  const placed = withChildren(withAttributes(root, { id: undefined }), [name, given, ...others]);
  const devices = editChild(placed, 'devices', (all) => withMacs(all, serial));
  return withMemory(withVcpus(devices));
}

function withMacs(devices: XmlElement, serial: number): XmlElement {
  let next = serial * 16;
  return withChildren(
    devices,
    elements(devices).map((device) => {
      if (device.name !== 'interface' || first(device, 'mac') !== undefined) return device;
      next += 1;
      return withChildren(device, [element('mac', { address: macFrom(next) }), ...device.children]);
    }),
  );
}

function withMemory(root: XmlElement): XmlElement {
  const memory = inKib(first(root, 'memory'));
  const current = inKib(first(root, 'currentMemory')) ?? memory;
  const named = (name: string, kib: number): XmlElement => element(name, { unit: 'KiB' }, [String(kib)]);
  if (memory === undefined || current === undefined) return root;
  const sized = withChild(root, 'memory', named('memory', memory));
  if (first(sized, 'currentMemory') !== undefined)
    return withChild(sized, 'currentMemory', named('currentMemory', current));
  const children = elements(sized).flatMap((child) =>
    child.name === 'memory' ? [child, named('currentMemory', current)] : [child],
  );
  return withChildren(sized, children);
}

function inKib(node: XmlElement | undefined): number | undefined {
  const text = textOf(node);
  return text === undefined
    ? undefined
    : Math.ceil(Number(text) * (KIB[attribute(node, 'unit') ?? 'KiB'] ?? 1));
}

/** Where <vcpus> lists them, that decides how many are plugged, whatever `current` says. */
function withVcpus(root: XmlElement): XmlElement {
  const vcpu = first(root, 'vcpu');
  if (vcpu === undefined) return root;
  const attributes = { placement: 'static', ...vcpu.attributes };
  const listed = first(root, 'vcpus');
  if (listed === undefined) return withChild(root, 'vcpu', { ...vcpu, attributes });
  const max = Number(textOf(vcpu));
  const plugged = new Set(
    elements(listed).flatMap(({ attributes: { id, enabled } }) => (enabled === 'yes' ? [Number(id)] : [])),
  );
  const current = plugged.size === max ? undefined : plugged.size;
  const counted = withChild(root, 'vcpu', withAttributes({ ...vcpu, attributes }, { current }));
  const each = (_: unknown, id: number): XmlElement =>
    element('vcpu', { id, enabled: plugged.has(id) ? 'yes' : 'no', hotpluggable: id === 0 ? 'no' : 'yes' });
  return withChild(counted, 'vcpus', element('vcpus', {}, Array.from({ length: max }, each)));
}

/** Passwords are printed only to who asks for them by --security-info. */
export function withoutSecrets(root: XmlElement): XmlElement {
  const devices = first(root, 'devices');
  if (!elements(devices, 'graphics').some(({ attributes }) => 'passwd' in attributes)) return root;
  return editChild(root, 'devices', (all) =>
    withChildren(
      all,
      elements(all).map((device) =>
        device.name === 'graphics'
          ? withAttributes(device, { passwd: undefined, passwdValidTo: undefined })
          : device,
      ),
    ),
  );
}

export interface Plug {
  readonly tap: string;
  readonly bridge: string;
  readonly portid: string;
}

/** What a guest runs with: an id, and a tap for each of its NICs. */
export function startedDomain(
  root: XmlElement,
  id: number,
  plug: (nic: XmlElement) => Plug | undefined,
): XmlElement {
  const started = withAttributes(root, { id });
  return editChild(started, 'devices', (devices) =>
    withChildren(
      devices,
      elements(devices).map((device) => {
        const plugged = device.name === 'interface' ? plug(device) : undefined;
        return plugged === undefined ? device : withTap(device, plugged);
      }),
    ),
  );
}

function withTap(nic: XmlElement, { tap, bridge, portid }: Plug): XmlElement {
  const source = first(nic, 'source') ?? element('source');
  const ported =
    attribute(source, 'network') === undefined ? source : withAttributes(source, { portid, bridge });
  const target = element('target', { dev: tap });
  const rest = elements(nic).filter(({ name }) => name !== 'target');
  const children = rest.flatMap((child) => (child.name === 'source' ? [ported, target] : [child]));
  return withChildren(nic, children);
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelDomain, parseDomain, type DomainModel } from '../../../src/api/libvirt/domain.ts';
import type { DomainMark } from '../../../src/api/ownership/mark.ts';
import {
  definitionHash,
  renderDomainOver,
  type DesiredDefinition,
} from '../../../src/api/node/render-domain-over.ts';
import { first, parseXml, renderXml, type XmlElement } from '../../../src/api/xml.ts';
import { fixture } from '../libvirt/fixtures.ts';
import { definition, MAC } from './bed.ts';

function over(
  more: Partial<DesiredDefinition>,
  edit: (xml: string) => string = (xml) => xml,
  mark: Partial<DomainMark> = {},
): { root: XmlElement; model: DomainModel; xml: string } {
  const base = parseDomain(edit(fixture('domain-inactive')));
  assert.ok(base.model.mark);
  const rendered = renderDomainOver(base.root, { ...definition, ...more }, { ...base.model.mark, ...mark });
  const xml = renderXml(rendered);
  return { root: rendered, model: modelDomain(parseXml(xml)), xml };
}

/** Without what k8slab owns. */
function rest(root: XmlElement): unknown {
  const owned = ['memory', 'currentMemory', 'vcpu', 'metadata', 'devices'];
  return root.children.filter((child) => typeof child === 'string' || !owned.includes(child.name));
}

describe('a domain rendered over its definition', () => {
  it('E46: keeps its UUID, addresses and everything that k8slab does not model', () => {
    const extra = '<title>mine</title><iothreads>2</iothreads>';
    const { root, model, xml } = over({ cpus: 4 }, (text) => text.replace('</uuid>', `</uuid>${extra}`));

    assert.deepEqual(model.cpus, { count: 4, plugged: 4 });
    const base = parseDomain(fixture('domain-inactive').replace('</uuid>', `</uuid>${extra}`));
    assert.deepEqual(rest(root), rest(base.root));
    assert.equal(model.uuid, base.model.uuid);
    const pci = (text: string): string[] => [...text.matchAll(/type=.pci. [^>]*/g)].map(([all]) => all);
    assert.equal(pci(xml).length, pci(fixture('domain-inactive')).length);
  });

  it('is the same model again when nothing differs', () => {
    const { model } = over({});
    const { mark, ...others } = parseDomain(fixture('domain-inactive')).model;

    assert.deepEqual({ ...model, mark: undefined }, { ...others, mark: undefined });
    assert.deepEqual(model.mark, { ...mark, applied: definitionHash(definition), macs: [MAC] });
  });

  it('has the wanted memory, whatever was set beside it, and all CPUs plugged', () => {
    const { model } = over({ memory: 2 ** 30 }, (text) =>
      text
        .replace(/<currentMemory.*>/, "<currentMemory unit='KiB'>1024</currentMemory>")
        .replace(/<vcpu.*>/, "<vcpu placement='static' current='1'>8</vcpu>"),
    );

    assert.deepEqual([model.memory, model.currentMemory, model.cpus], [1024, 1024, { count: 1, plugged: 1 }]);
  });

  it('tells what the guest was told at its first boot, not what it would be told now', () => {
    const { model } = over({ reclaim: 'Delete' });

    assert.deepEqual([model.mark?.cloudInit, model.mark?.reclaim], ['a52fa5432f268a4c', 'Delete']);
  });

  it('gives a NIC its new MAC address in its old place, and remembers the old one as ours', () => {
    const { model, xml } = over(
      { interfaces: [{ network: 'k8s-net', mac: '52:54:00:00:00:09' }] },
      undefined,
      {
        macs: [MAC],
      },
    );

    assert.deepEqual(
      model.interfaces.map(({ mac }) => mac),
      ['52:54:00:00:00:09'],
    );
    assert.match(xml, /52:54:00:00:00:09[^]*?bus="0x01" slot="0x00"/);
    assert.deepEqual(model.mark?.macs, [MAC, '52:54:00:00:00:09']);
  });

  it('keeps a NIC that others added, and takes out one of ours that the manifest no longer has', () => {
    const nic = (mac: string, network: string): string =>
      `<interface type='network'><mac address='${mac}'/><source network='${network}'/><model type='e1000'/></interface>`;
    const both = nic('52:54:00:00:00:01', 'theirs') + nic('52:54:00:00:00:02', 'former');

    const { model } = over({}, (text) => text.replace('<serial', `${both}<serial`), {
      macs: [MAC, '52:54:00:00:00:02'],
    });

    assert.deepEqual(
      model.interfaces.map(({ mac, model: card }) => [mac, card]),
      [
        [MAC, 'virtio'],
        ['52:54:00:00:00:01', 'e1000'],
      ],
    );
  });

  it('repairs the network, model and link of a NIC', () => {
    const { model } = over({}, (text) =>
      text
        .replace("<source network='k8s-net'/>", "<source network='other'/>")
        .replace("<model type='virtio'/>", "<model type='e1000'/><link state='down'/>"),
    );

    assert.deepEqual(model.interfaces, [{ mac: MAC, network: 'k8s-net', model: 'virtio' }]);
  });

  it('adds a NIC that is not there', () => {
    const { model } = over({
      interfaces: [...definition.interfaces, { network: 'storage', mac: '52:54:00:00:00:03' }],
    });

    assert.deepEqual(model.interfaces[1], { mac: '52:54:00:00:00:03', network: 'storage', model: 'virtio' });
  });

  it('gets back a disk and a seed that it lost, and never another file for a disk that it has', () => {
    const disk = { path: '/disks/new.qcow2', format: 'qcow2' };
    const lost = over({ disk, seed: '/seeds/a.iso' }, (text) => text.replaceAll(/<disk[^]*?<\/disk>/g, ''));
    const has = over({ disk, seed: '/seeds/a.iso' });

    assert.deepEqual(
      lost.model.disks.map(({ target, file }) => [target, file]),
      [
        ['vda', '/disks/new.qcow2'],
        ['vdb', '/seeds/a.iso'],
      ],
    );
    assert.deepEqual(has.model.disks, parseDomain(fixture('domain-inactive')).model.disks);
  });

  it('asks for a CPU that its type can have', () => {
    const { root, model } = over({ type: 'kvm' });

    assert.equal(model.type, 'kvm');
    assert.equal(first(root, 'cpu')?.attributes['mode'], 'host-passthrough');
  });

  it('that was adopted keeps memory and CPUs that are not plugged, until its manifest says other numbers', () => {
    const edit = (text: string): string =>
      text
        .replace(/<currentMemory.*>/, "<currentMemory unit='KiB'>262144</currentMemory>")
        .replace(/<vcpu.*>/, "<vcpu placement='static' current='1'>4</vcpu>");
    const same = over({ cpus: 4 }, edit, { adopted: true }).model;
    const other = over({ cpus: 2, memory: 2 ** 30 }, edit, { adopted: true }).model;

    assert.deepEqual([same.memory, same.currentMemory, same.cpus], [512, 256, { count: 4, plugged: 1 }]);
    assert.deepEqual([other.memory, other.currentMemory, other.cpus], [1024, 1024, { count: 2, plugged: 2 }]);
  });

  it('that was adopted keeps its type, cards and disks', () => {
    const edit = (text: string): string => text.replace("<model type='virtio'/>", "<model type='e1000'/>");

    const { model } = over({ type: 'kvm', cpus: 2, seed: '/seeds/a.iso' }, edit, { adopted: true });

    assert.deepEqual([model.type, model.cpus.count, model.interfaces[0]?.model], ['qemu', 2, 'e1000']);
    assert.equal(model.disks.length, 2);
  });
});

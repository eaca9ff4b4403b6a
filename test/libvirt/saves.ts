import {
  attribute,
  editChild,
  elements,
  first,
  renderXml,
  withAttributes,
  withChild,
  withChildren,
  type XmlElement,
} from '../../src/api/xml.ts';
import { find, isOff, stop } from './domains.ts';
import { parse, refuse, tell, type DoubleOptions, type LibvirtState } from './state.ts';

/** A file that a snapshot made, and the one that it stands on. */
export interface Overlay {
  readonly file: string;
  readonly backing: string;
}

/** virsh's commands that hold a guest, or keep what it is at. */
export interface RawSaves {
  suspend(name: string): void;
  resume(name: string): void;
  managedSave(name: string): void;
  managedSaveRemove(name: string): void;
  isSaved(name: string): boolean;
  /** @returns the files that the guest writes to from then on; none unless `diskOnly` */
  snapshot(name: string, snapshot: string, options: { readonly diskOnly: boolean }): readonly Overlay[];
}

export function rawSaves(state: LibvirtState, options: DoubleOptions): RawSaves {
  const context = { state, options };
  return {
    suspend(name) {
      const domain = find(state, name, 'suspend');
      if (isOff(domain)) refuse('suspend', 'Requested operation is not valid: domain is not running');
      domain.state = 'paused';
      tell(state, 'domain', name, 'Suspended Paused');
    },
    resume(name) {
      const domain = find(state, name, 'resume');
      if (isOff(domain)) refuse('resume', 'Requested operation is not valid: domain is not running');
      if (domain.state === 'running') refuse('resume', 'domain is already running');
      domain.state = 'running';
      tell(state, 'domain', name, 'Resumed Unpaused');
    },
    managedSave(name) {
      const domain = find(state, name, 'managedsave');
      if (isOff(domain)) refuse('managedsave', 'Requested operation is not valid: domain is not running');
      if (domain.transient === true) refuse('managedsave', 'cannot do managed save for transient domain');
      const { live = domain.xml } = domain;
      stop(context, name, 'managedsave', 'Stopped Saved');
      domain.saved = live;
      state.saved.add(name);
    },
    managedSaveRemove(name) {
      delete find(state, name, 'managedsave-remove').saved;
      state.saved.delete(name);
    },
    isSaved: (name) => state.saved.has(name),
    snapshot(name, snapshot, { diskOnly }) {
      const domain = find(state, name, 'snapshot-create-as');
      const { snapshots = [] } = domain;
      if (snapshots.includes(snapshot))
        refuse('snapshot-create-as', `operation failed: domain moment ${snapshot} already exists`);
      domain.snapshots = [...snapshots, snapshot];
      if (!diskOnly) return [];
      const overlays: Overlay[] = [];
      const root = moved(parse(domain.live ?? domain.xml), snapshot, overlays);
      if (domain.live !== undefined) domain.live = renderXml(root);
      domain.xml = renderXml(moved(parse(domain.xml), snapshot, []));
      return overlays;
    },
  };
}

/** Each disk is a file beside it, which stands on the one before: both as it runs and as it is defined. */
function moved(root: XmlElement, snapshot: string, overlays: Overlay[]): XmlElement {
  const move = (device: XmlElement): XmlElement => {
    const source = first(device, 'source');
    const backing = attribute(source, 'file');
    if (device.name !== 'disk' || attribute(device, 'device') === 'cdrom') return device;
    if (source === undefined || backing === undefined) return device;
    const file = `${backing.replace(/\.[^./]*$/, '')}.${snapshot}`;
    overlays.push({ file, backing });
    return withChild(device, 'source', withAttributes(source, { file }));
  };
  return editChild(root, 'devices', (all) => withChildren(all, elements(all).map(move)));
}

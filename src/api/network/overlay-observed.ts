/** A network interface, as far as overlays are concerned. */
export interface VxlanDevice {
  readonly name: string;
  /** The ifalias. */
  readonly alias?: string;
  /** What kind of device it is, such as vxlan. */
  readonly kind: string;
  readonly vni?: number;
  readonly port?: number;
  readonly local?: string;
  readonly mtu: number;
  readonly up: boolean;
  /** The bridge that it is a port of. */
  readonly master?: string;
  /** As a port: it learns nothing, gets nothing for who is not known, and nothing is taken from who is not known. */
  readonly sealed: boolean;
}

/** Who is behind a VXLAN device. */
export interface Fdb {
  /** Vmhosts that frames for all, and for who is not known, are sent to. */
  readonly flood: ReadonlySet<string>;
  /** Where frames for a MAC address are sent. */
  readonly far: ReadonlyMap<string, string>;
  /** MAC addresses that the bridge knows to be behind the device. */
  readonly behind: ReadonlySet<string>;
}

/** What the kernel has for overlays, all at one moment. */
export interface OverlayWorld {
  /** All interfaces. */
  readonly devices: ReadonlyMap<string, VxlanDevice>;
  /** By device. */
  readonly fdb: ReadonlyMap<string, Fdb>;
  /** By table, which has its device's name: how many rules each of its chains has. */
  readonly chains: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What the kernel has for the overlay of one network. */
export interface ObservedOverlay extends Fdb {
  readonly device?: VxlanDevice;
  /** Other devices that carry VXLAN: the kernel gives a VNI on a port once. */
  readonly others: readonly VxlanDevice[];
  /** Undefined: there is no table. */
  readonly chains?: ReadonlyMap<string, number>;
  /** Left out where nobody is to be reached. */
  readonly underlay?: Underlay;
}

/** How other vmhosts are reached. */
export interface Underlay {
  /** Of the interface that has this vmhost's address; undefined: none has it. */
  readonly mtu?: number;
  readonly unreachable: readonly { readonly address: string; readonly why: 'no route' | 'no answer' }[];
}

/** The part of it that one network is concerned with. @param device the name that its device has, or would have */
export function overlayOf({ devices, fdb, chains }: OverlayWorld, device: string): ObservedOverlay {
  const [found, table] = [devices.get(device), chains.get(device)];
  return {
    ...(fdb.get(device) ?? { flood: new Set(), far: new Map(), behind: new Set() }),
    others: [...devices.values()].filter(({ name, kind }) => kind === 'vxlan' && name !== device),
    ...(found === undefined ? {} : { device: found }),
    ...(table === undefined ? {} : { chains: table }),
  };
}

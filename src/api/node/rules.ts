import { celPattern, celString, isBlock, type CelRule } from '../kinds/rules.ts';
import { DEFAULT_STORAGE, imagesDir } from '../storage.ts';

/** What `checkNode` says; that nothing is there twice is said by the types of the lists. */
export const nodeRules: readonly CelRule[] = [
  ...quantity('spec.memory', '64Mi'),
  ...quantity('spec.disk.size', '1Mi'),
  {
    at: 'spec.disk',
    rule: '[has(self.image), has(self.cloneOf), has(self.path)].exists_one(given, given)',
    message: 'exactly one of image, cloneOf and path must say where the disk comes from',
  },
  {
    at: 'spec.disk',
    rule: '!has(self.format) || has(self.path)',
    message: 'only an existing disk file has a format of its own: leave format out',
    fieldPath: '.format',
  },
  {
    at: 'spec.disk',
    rule: '!has(self.size) || !has(self.path)',
    message: 'an existing disk file keeps its size: leave size out',
    fieldPath: '.size',
  },
  {
    at: 'spec.disk.path',
    rule: `!self.matches(${celString(celPattern(inDirectory(imagesDir(DEFAULT_STORAGE))))})`,
    message:
      'guests stand on what is in the store of images, and a guest that writes to it would destroy their disks: name its Image by disk.image, or copy the file to another directory',
  },
  {
    at: 'spec.networks[].mac',
    rule: "!self.lowerAscii().startsWith('fe')",
    message: 'libvirt keeps addresses that begin with fe',
  },
  {
    at: 'spec.networks',
    rule: 'self.all(one, !has(one.mac) || self.exists_one(other, has(other.mac) && SAME))'.replace(
      'SAME',
      `${macOf('one')} == ${macOf('other')}`,
    ),
    message: 'each network needs a MAC address of its own',
  },
  {
    at: 'spec.podCIDR',
    rule: `!isCIDR(self) || ${isBlock('self')}`,
    message: 'this is an address within a network, not a network: its host bits must be zero',
  },
  {
    at: 'spec',
    rule: '!self.policy.adopt || self.networks.all(each, has(each.mac))',
    message: "an adopted guest's MAC addresses must be given: k8slab adopt writes a manifest with them",
    fieldPath: '.networks',
  },
  {
    at: 'spec',
    rule: 'self.policy.adopt || !has(self.ssh.hostKey)',
    message: 'only an adopted guest brings a host key of its own: leave hostKey out',
    fieldPath: '.ssh.hostKey',
  },
];

function quantity(at: string, least: string): CelRule[] {
  return [
    {
      at,
      rule: `!isQuantity(self) || quantity(self).compareTo(quantity('${least}')) >= 0`,
      message: `must be at least ${least}`,
    },
    {
      at,
      rule: `!isQuantity(self) || quantity(self).compareTo(quantity('${Number.MAX_SAFE_INTEGER}')) <= 0`,
      message: 'it is too large',
    },
  ];
}

function macOf(attachment: string): string {
  return `${attachment}.mac.lowerAscii().replace('-', ':')`;
}

/** Of files in a directory, however many slashes and dots the path has between its parts. */
function inDirectory(directory: string): string {
  const between = '/+(\\./+)*';
  return `^${directory.split('/').join(between)}${between}[^/]+/*$`;
}

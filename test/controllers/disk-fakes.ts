import { ReasonedError } from '../../src/api/errors.ts';
import type { DiskOrigin, Disks } from '../../src/drivers/disks.ts';
import { changes, fails, later, must, type World } from './fakes.ts';

/** The disks of a world in memory. */
export function fakeDisks(world: World): Disks {
  const info = { format: 'qcow2', virtualSize: 1, actualSize: 1 };
  const make = (
    call: string,
  ): ((request: { node: string; origin?: DiskOrigin | undefined }) => Promise<typeof info>) =>
    later(({ node, origin = {} }) => {
      changes(world, call, node);
      world.disks.set(node, { exists: true, ours: true, whole: true, origin });
      return info;
    });
  const fake: Partial<Disks> = {
    path: (node) => `/disks/${node}.qcow2`,
    observe: later((node: string) => {
      fails(world, 'observeDisk');
      const disk = world.disks.get(node) ?? { exists: false, ours: false, whole: false };
      const { size, lacks, ...state } = disk;
      const more = {
        ...(size === undefined ? {} : { virtualSize: size }),
        ...(lacks === undefined ? {} : { lacks }),
      };
      const known = Object.keys(more).length === 0 ? {} : { info: { ...info, ...more } };
      return { path: `/disks/${node}.qcow2`, ...state, ...known };
    }),
    grow: later((node: string, size: number) => {
      changes(world, 'grow', node);
      world.disks.set(node, { exists: true, ours: true, whole: true, size });
    }),
    chain: later((path: string) => {
      const chain = world.chains.get(path) ?? [path];
      if (chain instanceof Error) throw chain;
      return chain;
    }),
    list: later(() => [...world.disks.keys()].map((node) => `/disks/${node}.qcow2`)),
    remove: later((node: string) => {
      changes(world, 'removeDisk', node);
      return world.disks.delete(node);
    }),
    createOverlay: make('createOverlay'),
    async createCopy(request) {
      world.looked.push(`copy ${request.source.path} ${request.source.format}`);
      return make('createCopy')(request);
    },
    freshTempPath: later((node: string) => `/disks/.tmp-${node}.qcow2`),
    adoptCopy: make('adoptCopy'),
    discardTemp: later((node: string) => {
      changes(world, 'discardTemp', node);
      world.leftovers.delete(node);
    }),
    hasTemp: later((node: string) => {
      world.counts.set('hasTemp', (world.counts.get('hasTemp') ?? 0) + 1);
      return world.leftovers.has(node);
    }),
    leftovers: later(() => [...world.leftovers]),
    noteFirstBoot: later((node: string, firstBoot: string) => {
      const disk = must(world.disks.get(node), node);
      world.disks.set(node, { firstBoot, ...disk });
    }),
    // What a file of a user holds is what it looks like.
    info: later((path: string, format?: string) => {
      if (path.startsWith('/disks/')) return info;
      const content = world.files.get(path);
      if (content === undefined)
        throw new ReasonedError('DiskMissing', `cannot read disk "${path}": there is no such file`);
      world.looked.push(`${path} ${format ?? 'guessed'}`);
      return { ...info, format: format ?? (content === 'raw' ? 'raw' : 'qcow2') };
    }),
  };
  return fake as Disks;
}

import { join } from 'node:path';
import { buildBinaries, type Binaries } from '../control-plane/binaries.ts';
import { cached, type CacheOptions, type Recipe } from './cache.ts';
import { withLock } from './lock.ts';
import { installPackages } from './machine.ts';
import { labPackage } from './package.ts';
import { guestRecipe, vmhostRecipe, type Guest, type Suite } from './recipes.ts';

/** What labs boot from. */
export interface Parts {
  readonly deb: string;
  /** Paths by name. */
  readonly trees: ReadonlyMap<Suite, string>;
  readonly images: ReadonlyMap<Guest, string>;
  readonly binaries?: Binaries;
}

/** Builds what lacks of the package, the vmhosts' trees and the guests' images, all at once. */
export async function buildParts(
  wanted: {
    readonly suites: readonly Suite[];
    readonly guests: readonly Guest[];
    readonly controlPlane?: boolean;
  },
  store: CacheOptions,
): Promise<Parts> {
  const { report, signal } = store;
  await withLock(join(store.directory, 'packages.lock'), () => installPackages(report, signal), { signal });
  const named = <T extends string>(names: readonly T[], recipe: (name: T, signal?: AbortSignal) => Recipe) =>
    names.map(async (name) => [name, await cached(recipe(name, signal), store)] as const);
  const [deb, trees, images, binaries] = await Promise.all([
    labPackage(store),
    Promise.all(named(wanted.suites, vmhostRecipe)),
    Promise.all(named(wanted.guests, guestRecipe)),
    wanted.controlPlane === true ? buildBinaries(store) : undefined,
  ]);
  return {
    deb,
    trees: new Map(trees),
    images: new Map(images),
    ...(binaries === undefined ? {} : { binaries }),
  };
}

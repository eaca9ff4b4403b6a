import { ReasonedError } from '../api/errors.ts';
import type { FileUser } from '../api/image/plan-removal.ts';
import type { Disks } from '../drivers/disks.ts';
import type { DomainRecord, LibvirtView } from '../drivers/libvirt.ts';

export interface DiskUsersDeps {
  readonly view: LibvirtView;
  readonly disks: Disks;
}

/** What uses a file; `except`: neither that domain's own disk by that path, nor the file itself. */
export type FindUsers = (path: string, options?: { except: string }) => Promise<FileUser[]>;

interface Use extends FileUser {
  readonly domain?: string;
  /** Undefined: it could not be found out. */
  readonly chain: readonly string[] | undefined;
}

/** Reads what every disk of every domain stands on, and every disk in the store. What cannot be read uses everything. */
export async function diskUsers(deps: DiskUsersDeps): Promise<FindUsers> {
  const chainOf = createChains(deps.disks);
  const { domains, unreadable } = await deps.view.survey();
  const uses: Use[] = unreadable.map(({ name }) => ofUnknown(name));
  for (const domain of domains) uses.push(...(await usesOf(domain, chainOf)));
  const known = new Set(uses.map(({ file }) => file));
  for (const file of await deps.disks.list()) {
    if (!known.has(file)) uses.push({ kind: 'disk', name: file, file, chain: await chainOf(file) });
  }
  return async (path, { except } = { except: '' }) => {
    const real = (await chainOf(path))?.[0] ?? path;
    return uses
      .filter(({ domain, file, kind }) => file !== path || (kind === 'domain' && domain !== except))
      .filter(({ chain }) => chain?.includes(real) !== false)
      .map(({ kind, name, file }) => ({ kind, name, file }));
  };
}

type ChainOf = (path: string, format?: string) => Promise<readonly string[] | undefined>;

function createChains(disks: Disks): ChainOf {
  const read = new Map<string, Promise<readonly string[] | undefined>>();
  return (path, format) => {
    const before = read.get(path);
    if (before !== undefined) return before;
    const chain = disks.chain(path, format).catch((error: unknown) => {
      if (error instanceof ReasonedError) return undefined;
      throw error;
    });
    read.set(path, chain);
    return chain;
  };
}

/** As it is defined and, where it runs, as it runs: the two may have different disks. */
async function usesOf({ name, config, live }: DomainRecord, chainOf: ChainOf): Promise<Use[]> {
  const disks = [config.model, live].flatMap((model) => model?.disks ?? []);
  const uses = await Promise.all(
    disks.map(async ({ file, format, device }): Promise<Use[]> => {
      if (file !== undefined) {
        return [{ kind: 'domain', name, domain: name, file, chain: await chainOf(file, format) }];
      }
      // On a volume or a block device there may be an overlay of anything; raw has no backing file.
      return device === 'disk' && format !== 'raw' ? [ofUnknown(name)] : [];
    }),
  );
  return uses.flat();
}

function ofUnknown(domain: string): Use {
  return { kind: 'domain', name: domain, domain, file: `a disk of domain "${domain}"`, chain: undefined };
}

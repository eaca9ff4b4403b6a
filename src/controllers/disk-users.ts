import { explainError, ReasonedError } from '../api/errors.ts';
import type { FileUser } from '../api/ownership/in-use.ts';
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
  /** Undefined: nobody knows. */
  readonly chain: readonly string[] | undefined;
}

/** What a file stands on, itself first; or why that could not be read. */
interface Chain {
  readonly chain?: readonly string[];
  readonly unread?: string;
}

/** Reads what every disk of every domain stands on, and every disk in the store. What cannot be read uses everything. */
export async function diskUsers(deps: DiskUsersDeps): Promise<FindUsers> {
  const chainOf = createChains(deps.disks);
  const { domains, unreadable } = await deps.view.survey();
  const uses: Use[] = unreadable.map(({ name, error }) => ({
    ...ofUnknown(name),
    unread: explainError(error),
  }));
  for (const domain of domains) uses.push(...(await usesOf(domain, chainOf)));
  const known = new Set(uses.map(({ file }) => file));
  for (const file of await deps.disks.list()) {
    if (!known.has(file)) uses.push(useOf({ kind: 'disk', name: file, file }, await chainOf(file)));
  }
  return async (path, { except } = { except: '' }) => {
    const real = (await chainOf(path)).chain?.[0] ?? path;
    return uses
      .filter(({ domain, file, kind }) => file !== path || (kind === 'domain' && domain !== except))
      .filter(({ chain }) => chain?.includes(real) !== false)
      .map(({ kind, name, file, unread }) => ({
        kind,
        name,
        file,
        ...(unread === undefined ? {} : { unread }),
      }));
  };
}

type ChainOf = (path: string, format?: string) => Promise<Chain>;

function createChains(disks: Disks): ChainOf {
  const read = new Map<string, Promise<Chain>>();
  return (path, format) => {
    const before = read.get(path);
    if (before !== undefined) return before;
    const chain = disks.chain(path, format).then(
      (found) => ({ chain: found }),
      (error: unknown) => {
        if (error instanceof ReasonedError) return { unread: explainError(error) };
        throw error;
      },
    );
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
        return [{ ...useOf({ kind: 'domain', name, file }, await chainOf(file, format)), domain: name }];
      }
      // On a volume or a block device there may be an overlay of anything; raw has no backing file.
      return device === 'disk' && format !== 'raw' ? [ofUnknown(name)] : [];
    }),
  );
  return uses.flat();
}

function useOf(user: FileUser, { chain, unread }: Chain): Use {
  return { ...user, chain, ...(unread === undefined ? {} : { unread }) };
}

function ofUnknown(domain: string): Use {
  return { kind: 'domain', name: domain, domain, file: `a disk of domain "${domain}"`, chain: undefined };
}

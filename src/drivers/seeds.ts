import { chmod, lstat, mkdir, mkdtemp, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../api/errors.ts';
import { exec as runCommand, ExecError } from './exec.ts';
import type { Exec } from './exec.ts';
import { ensureDir, listIfExists, syncDir } from './files.ts';
import { ioError, isMissing, noSpace } from './io-errors.ts';

export interface SeedsOptions {
  dir: string;
  exec?: Exec;
}

export interface SeedContent {
  userData: string;
  metaData: string;
  networkConfig: string;
  vendorData?: string | undefined;
}

export interface SeedWriteOptions {
  /** A seed of the node that must stay, such as the one a running guest has. */
  keep?: string | undefined;
}

/** The nodes' NoCloud seeds, `DIR/NODE-HASH.iso`, where the hash is of the content. */
export interface Seeds {
  path(node: string, hash: string): string;
  exists(node: string, hash: string): Promise<boolean>;
  /** Writes the ISO (0600) and removes the node's other seeds; its path. Reasons: CommandNotFound, NoSpace, … */
  write(node: string, hash: string, content: SeedContent, options?: SeedWriteOptions): Promise<string>;
  /** Whether there is any seed of the node, or what a killed run left of one, which has its secrets too. */
  has(node: string): Promise<boolean>;
  /** Removes all seeds of a node. */
  remove(node: string): Promise<void>;
}

const DEADLINE_MS = 60_000;
const HASH_LENGTH = 12;

/** Makes the driver of the seeds in one directory, which is made when it is needed. */
export function createSeeds({ dir, exec = runCommand }: SeedsOptions): Seeds {
  function path(node: string, hash: string): string {
    return join(dir, `${node}-${hash.slice(0, HASH_LENGTH)}.iso`);
  }

  async function write(
    node: string,
    hash: string,
    content: SeedContent,
    options: SeedWriteOptions = {},
  ): Promise<string> {
    const target = path(node, hash);
    try {
      await ensureDir(dir, 0o711);
      await removeWhere(dir, (name) => name.startsWith(workPrefix(node)));
      const work = await mkdtemp(join(dir, workPrefix(node)));
      try {
        await rename(await makeIso(exec, work, content), target);
        await syncDir(dir);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
      const kept = [target, options.keep];
      await removeWhere(dir, (name) => isSeedOf(node, name) && !kept.includes(join(dir, name)));
      return target;
    } catch (error) {
      throw await ioError('write seed', target, error);
    }
  }

  return {
    path,
    exists: (node, hash) => isFile(path(node, hash)),
    write,
    has: async (node) => (await listIfExists(dir)).some((name) => isOf(node, name)),
    remove: (node) => removeWhere(dir, (name) => isOf(node, name)),
  };
}

/** Names of nodes have no dot, so that one is never the beginning of another. */
function workPrefix(node: string): string {
  return `.tmp-${node}.`;
}

function isSeedOf(node: string, name: string): boolean {
  return name.startsWith(`${node}-`) && /^[0-9a-f]{12}\.iso$/.test(name.slice(node.length + 1));
}

function isOf(node: string, name: string): boolean {
  return isSeedOf(node, name) || name.startsWith(workPrefix(node));
}

async function isFile(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isFile() && found.size > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw await ioError('read seed', path, error);
  }
}

async function removeWhere(dir: string, isGone: (name: string) => boolean): Promise<void> {
  for (const name of (await listIfExists(dir)).filter(isGone))
    await rm(join(dir, name), { recursive: true, force: true });
}

/** The finished ISO in the work directory, which only root may enter. */
async function makeIso(exec: Exec, work: string, content: SeedContent): Promise<string> {
  const tree = join(work, 'tree');
  const iso = join(work, 'seed.iso');
  await writeTree(tree, content);
  await runXorriso(exec, iso, tree);
  await chmod(iso, 0o600);
  const file = await open(iso, 'r');
  await file.sync().finally(() => file.close());
  return iso;
}

async function writeTree(tree: string, content: SeedContent): Promise<void> {
  const files = {
    'user-data': content.userData,
    'meta-data': content.metaData,
    'network-config': content.networkConfig,
    ...(content.vendorData === undefined ? {} : { 'vendor-data': content.vendorData }),
  };
  await mkdir(tree, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(tree, name), text, { mode: 0o600 });
    await utimes(join(tree, name), 0, 0);
  }
  await utimes(tree, 0, 0);
}

async function runXorriso(exec: Exec, iso: string, tree: string): Promise<void> {
  const args = ['-quiet', '-o', iso, '-V', 'cidata', '-J', '-r', tree];
  const options = { deadlineMs: DEADLINE_MS, env: { SOURCE_DATE_EPOCH: '0' } };
  try {
    await exec(['xorriso', '-as', 'mkisofs', ...args], options).catch((error: unknown) => {
      if (!(error instanceof ExecError) || error.reason !== 'CommandNotFound') throw error;
      return exec(['genisoimage', ...args], options).catch((second: unknown) => {
        // Neither is there: the one to install is xorriso.
        throw second instanceof ExecError && second.reason === 'CommandNotFound' ? error : second;
      });
    });
  } catch (error) {
    if (!(error instanceof ExecError) || error.reason !== 'CommandFailed') throw error;
    if (error.stderr.includes('No space left')) throw await noSpace('write seed', iso, { cause: error });
    throw new ReasonedError('SeedFailed', `cannot write seed "${iso}": ${error.message}`, { cause: error });
  }
}

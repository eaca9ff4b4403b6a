/** Builds the Debian package: `npm run package`, with dist/k8slab_VERSION_ARCH.deb as its result. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version as upstream } from '../src/api/version.ts';
import { writeControl } from './package/control.ts';
import { normalizeTree, writeTree } from './package/tree.ts';

export interface PackageOptions {
  /** Of the Debian package; default that of package.json with the revision 1. */
  readonly version?: string;
  /** Where to; default dist. */
  readonly directory?: string;
  /** xz makes it small in a minute or two, gzip is there at once. Default xz. */
  readonly compression?: 'xz' | 'gzip';
}

const top = join(import.meta.dirname, '..');
const MAINTAINER = 'k8slab maintainers <maintainers@k8slab.io>';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** @returns path of the package. The same sources make the same bytes. */
export async function buildPackage(options: PackageOptions = {}): Promise<string> {
  const { version = `${upstream}-1`, directory = join(top, 'dist'), compression = 'xz' } = options;
  const architecture = ARCHITECTURES[arch()];
  if (architecture === undefined) throw new Error(`no Node is bundled for this architecture (${arch()})`);
  const date = releaseDate();
  const root = mkdtempSync(join(tmpdir(), 'k8slab-package-'));
  try {
    await writeTree(root, { version, date, maintainer: MAINTAINER, node: bundledNode() });
    normalizeTree(root, date);
    writeControl(root, { version, architecture, maintainer: MAINTAINER });
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `k8slab_${version}_${architecture}.deb`);
    const level = compression === 'xz' ? '-z6' : '-z1';
    const flags = ['--root-owner-group', '--uniform-compression', `-Z${compression}`, level];
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) };
    execFileSync('dpkg-deb', [...flags, '--build', root, path], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return path;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function bundledNode(): string {
  const path = join(top, `node_modules/node-linux-${arch()}/bin/node`);
  if (existsSync(path)) return path;
  throw new Error('there is no Node to package: run npm ci first, without --omit=optional');
}

/** SOURCE_DATE_EPOCH, or else the time of the commit. */
function releaseDate(): Date {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return new Date(Number(given) * 1000);
  try {
    const seconds = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: top, stdio: 'pipe' });
    return new Date(Number(seconds.toString()) * 1000);
  } catch {
    // No checkout, such as an archive of one: its files have the time of the commit.
    return new Date(Math.floor(statSync(join(top, 'package.json')).mtimeMs / 1000) * 1000);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      version: { type: 'string' },
      directory: { type: 'string' },
      fast: { type: 'boolean', default: false },
    },
  });
  const { version, directory, fast } = values;
  const path = await buildPackage({
    ...(version === undefined ? {} : { version }),
    ...(directory === undefined ? {} : { directory }),
    compression: fast ? 'gzip' : 'xz',
  });
  console.log(`${path} (${(statSync(path).size / 2 ** 20).toFixed(1)} MiB)`);
}

/** Bundles both commands, as they are installed: `scripts/bundle.ts DIRECTORY`. */
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KIND_NAMES } from '../src/api/kinds/names.ts';

const top = join(import.meta.dirname, '..');
const NODE = '/usr/lib/k8slab/bin/node';
/** V8 lets a daemon's heap grow to several times of what is in use before it collects: 400 instead of 160 MiB at 1,000 Nodes. */
const FLAGS: Readonly<Record<string, string>> = { k8slabd: ' --optimize-for-size' };

/** Writes `k8slab.mjs`, `k8slabd.mjs`, the parts that they load when needed, and the licences of what is in them. */
export async function bundle(directory: string): Promise<Record<'k8slab' | 'k8slabd', Metafile>> {
  await mkdir(directory, { recursive: true });
  const [k8slab, k8slabd] = await Promise.all([
    bundleCommand('k8slab', directory),
    bundleCommand('k8slabd', directory),
  ]);
  await writeFile(join(directory, 'LICENSES'), licences(await bundledPackages([k8slab, k8slabd])));
  return { k8slab, k8slabd };
}

async function bundleCommand(command: string, outdir: string): Promise<Metafile> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: top,
    entryPoints: [`cmd/${command}.ts`],
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: `${command}-[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    // Native speed-ups of ssh2 that are not built.
    external: ['cpu-features'],
    loader: { '.node': 'empty' },
    banner: { js: COMMONJS },
    plugins: [lazyBuiltins, evaluatedNames],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  await Promise.all(outputFiles.map((file) => writeOutput(file, command, outdir)));
  return metafile;
}

/** What CommonJS dependencies expect to find. */
const COMMONJS =
  'const __filename=import.meta.filename,__dirname=import.meta.dirname,' +
  "require=process.getBuiltinModule('node:module').createRequire(import.meta.url);";

async function writeOutput({ path, contents }: OutputFile, command: string, outdir: string): Promise<void> {
  if (path !== join(outdir, `${command}.mjs`)) return writeFile(path, contents);
  await writeFile(path, [`#!${NODE}${FLAGS[command] ?? ''}\n`, contents], { mode: 0o755 });
}

/**
 * Node's own modules are loaded at the first use of one of their exports. An ES import evaluates all exports instead: that of
 * node:http takes 35 ms, since it exports WebSocket, and a command line of a few milliseconds loads child_process for nothing.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(bundler) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    bundler.onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ path }) =>
      names.has(path) ? { path: path.replace(/^node:/, ''), namespace: 'builtin' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: lazyBuiltin(`node:${path}`),
    }));
  },
};

function lazyBuiltin(name: string): string {
  const builtin: unknown = process.getBuiltinModule(name) ?? {};
  const load = `process.getBuiltinModule(${JSON.stringify(name)})`;
  // A function or an object with a prototype, such as process, is used as such.
  if (!isPlain(builtin)) return `module.exports=${load}`;
  const keys = JSON.stringify(Object.keys(builtin));
  return `let of;for(const key of ${keys})Object.defineProperty(exports,key,{enumerable:true,get:()=>(of??=${load})[key]})`;
}

/** What the kinds are named, as data: without it `get` would load all that a kind is. */
const evaluatedNames: Plugin = {
  name: 'evaluated-names',
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/api\/kinds\/names\.ts$/ }, () => ({
      contents: `export const KIND_NAMES=${JSON.stringify(KIND_NAMES)}`,
    }));
  },
};

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

/** A library of which something is in the bundles. */
export interface BundledPackage {
  readonly name: string;
  readonly license: string;
  /** Its licence, in full. */
  readonly text: string;
}

/** The libraries in the bundles, each once. */
export async function bundledPackages(metafiles: readonly Metafile[]): Promise<BundledPackage[]> {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const paths = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  return Promise.all([...paths].sort().map(readPackage));
}

async function readPackage(path: string): Promise<BundledPackage> {
  const files = await readdir(join(top, path));
  const file = files.find((name) => /^licen[cs]e/i.test(name)) ?? 'package.json';
  const manifest = JSON.parse(await readFile(join(top, path, 'package.json'), 'utf8')) as {
    readonly license?: string;
  };
  const text = await readFile(join(top, path, file), 'utf8');
  return { name: path.replace(/^node_modules\//, ''), license: manifest.license ?? 'other', text };
}

function licences(packages: readonly BundledPackage[]): string {
  const rule = `\n${'-'.repeat(80)}\n\n`;
  return packages.map(({ name, text }) => `node_modules/${name}\n\n${text}`).join(rule);
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [directory] = positionals;
  if (directory === undefined) throw new Error('usage: scripts/bundle.ts DIRECTORY');
  await bundle(directory);
}

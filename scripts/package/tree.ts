import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { KINDS } from '../../src/api/kinds/list.ts';
import { completionScript } from '../../src/cli/completion-scripts.ts';
import { bundle, bundledPackages } from '../bundle.ts';
import { debianChangelog } from './changelog.ts';
import { copyright } from './copyright.ts';
import { manuals } from './manuals.ts';
import { roff } from './roff.ts';

export interface TreeOptions {
  /** Of the Debian package. */
  readonly version: string;
  readonly date: Date;
  readonly maintainer: string;
  /** The Node that is installed with it. */
  readonly node: string;
}

const top = join(import.meta.dirname, '../..');

/** Writes what the package installs into `root`; its modes are set by the caller. */
export async function writeTree(root: string, options: TreeOptions): Promise<void> {
  const lib = join(root, 'usr/lib/k8slab');
  mkdirSync(join(lib, 'bin'), { recursive: true });
  cpSync(options.node, join(lib, 'bin/node'));
  const metafiles = await bundle(lib);
  // The copyright file says the same, and more.
  rmSync(join(lib, 'LICENSES'));
  cpSync(join(top, 'packaging/compile.mjs'), join(lib, 'compile.mjs'));
  link(root, 'usr/bin/k8slab', '../lib/k8slab/k8slab.mjs');
  link(root, 'usr/sbin/k8slabd', '../lib/k8slab/k8slabd.mjs');
  for (const directory of [
    'etc/k8slab.d',
    'var/lib/k8slab',
    'var/lib/libvirt/images/k8slab',
    'var/lib/libvirt/dnsmasq',
  ])
    mkdirSync(join(root, directory), { recursive: true });
  write(root, 'etc/k8slab/k8slabd.yaml', readFileSync(join(top, 'packaging/k8slabd.yaml')));
  copyInto(root, 'usr/lib/systemd/system', join(top, 'packaging/systemd'));
  copyInto(root, 'usr/share/k8slab/schemas', join(top, 'schemas'));
  copyInto(root, 'usr/share/lintian/overrides/k8slab', join(top, 'packaging/debian/lintian-overrides'));
  writeCompletions(root);
  writeManuals(root, options);
  const packages = await bundledPackages(Object.values(metafiles));
  writeDocs(root, { ...options, copyright: copyright({ packages, node: nodeLicence(options.node) }) });
}

function nodeLicence(node: string): string {
  const beside = join(dirname(node), '../LICENSE');
  return existsSync(beside)
    ? readFileSync(beside, 'utf8')
    : 'See https://github.com/nodejs/node/blob/main/LICENSE';
}

function writeCompletions(root: string): void {
  write(root, 'usr/share/bash-completion/completions/k8slab', completionScript('bash'));
  write(root, 'usr/share/zsh/vendor-completions/_k8slab', completionScript('zsh'));
  write(root, 'usr/share/fish/vendor_completions.d/k8slab.fish', completionScript('fish'));
}

function writeManuals(root: string, { version, date }: TreeOptions): void {
  for (const page of manuals({ version, date, kinds: KINDS }))
    write(root, `usr/share/man/man${page.section}/${page.name}.${page.section}.gz`, gzip(roff(page)));
}

function writeDocs(root: string, options: TreeOptions & { readonly copyright: string }): void {
  const doc = 'usr/share/doc/k8slab';
  const changes = readFileSync(join(top, 'CHANGELOG.md'), 'utf8');
  write(root, `${doc}/copyright`, options.copyright);
  write(root, `${doc}/changelog.gz`, gzip(changes));
  write(root, `${doc}/changelog.Debian.gz`, gzip(debianChangelog(changes, options)));
  copyInto(root, doc, join(top, 'docs'));
  // What the pages name beside them is installed below examples.
  for (const page of globSync('**/*.md', { cwd: join(top, 'docs') })) {
    const text = readFileSync(join(top, 'docs', page), 'utf8');
    write(root, `${doc}/${page}`, text.replaceAll(/\]\(\.\.\/(?:packaging\/)?/g, '](examples/'));
  }
  write(root, `${doc}/examples/Dockerfile`, readFileSync(join(top, 'Dockerfile')));
  copyInto(root, `${doc}/examples/manifests`, join(top, 'manifests'));
  for (const part of ['prometheus', 'grafana'])
    copyInto(root, `${doc}/examples/${part}`, join(top, 'packaging', part));
}

/** As `gzip -9n` does: no name and no time in it. */
function gzip(text: string): Buffer {
  return gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
}

function write(root: string, path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function copyInto(root: string, path: string, from: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  cpSync(from, join(root, path), { recursive: true });
}

function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

/** Modes, and the time of everything that is younger than the release. */
export function normalizeTree(root: string, date: Date): void {
  const executables = ['usr/lib/k8slab/bin/node', 'usr/lib/k8slab/k8slab.mjs', 'usr/lib/k8slab/k8slabd.mjs'];
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', root]);
  execFileSync('find', [root, '-type', 'f', '-exec', 'chmod', '644', '{}', '+']);
  for (const path of executables) execFileSync('chmod', ['755', join(root, path)]);
  // As libvirt has its own there: QEMU passes, nobody looks around.
  execFileSync('chmod', [
    '711',
    join(root, 'var/lib/libvirt/images'),
    join(root, 'var/lib/libvirt/images/k8slab'),
  ]);
  execFileSync('find', [root, '-exec', 'touch', '-h', '-d', date.toISOString(), '{}', '+']);
}

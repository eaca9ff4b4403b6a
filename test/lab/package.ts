import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, ingredient, type CacheOptions } from './cache.ts';
import type { Vmhost } from './vmhost.ts';
import { mustRun } from './processes.ts';

const top = join(import.meta.dirname, '../..');
/** All that the package is made from. */
const SOURCES = [
  ...['cmd', 'docs', 'manifests', 'packaging', 'schemas', 'scripts', 'src'],
  ...['CHANGELOG.md', 'package.json', 'package-lock.json'],
];

/** The Debian package of this checkout, built first where its sources have changed. @param version of the package, to pretend another one */
export async function labPackage(store: CacheOptions, version?: string): Promise<string> {
  const argv = ['--fast', ...(version === undefined ? [] : ['--version', version])];
  const directory = await cached(
    {
      name: version === undefined ? 'package' : `package-${version}`,
      ingredients: [...argv, ...SOURCES.map((path) => ingredient(join(top, path)))],
      build: async (path) => {
        const command = [process.execPath, '--disable-warning=ExperimentalWarning', 'scripts/package.ts'];
        const options = store.signal === undefined ? {} : { signal: store.signal };
        await mustRun([...command, ...argv, '--directory', path], { cwd: top, ...options });
      },
    },
    store,
  );
  return join(directory, readdirSync(directory)[0] ?? '');
}

export interface InstallOptions {
  /** Whether services are started, as they are for a user. */
  readonly start: boolean;
}

/** Installs a package in the vmhost, as a user would; over the same or a later version too. */
export async function installPackage(
  vmhost: Vmhost,
  path: string,
  { start }: InstallOptions,
): Promise<string> {
  await vmhost.must(['sh', '-c', 'cat >/var/tmp/k8svmhost.deb'], { input: readFileSync(path) });
  // Debian's way to install and not to start.
  if (!start) await vmhost.writeFile('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n');
  if (!start) await vmhost.must(['chmod', '755', '/usr/sbin/policy-rc.d']);
  try {
    return await vmhost.must(['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', ...INSTALL], {
      timeoutMs: 300_000,
    });
  } finally {
    await vmhost.exec(['rm', '-f', '/var/tmp/k8svmhost.deb', ...(start ? [] : ['/usr/sbin/policy-rc.d'])]);
  }
}

const INSTALL = [
  ...['apt-get', 'install', '-y', '-q', '--reinstall', '--allow-downgrades', '--no-install-recommends'],
  // Nothing outlives the vmhost.
  ...['-o', 'Dpkg::Options::=--force-unsafe-io', '-o', 'Dpkg::Options::=--force-confold'],
  '/var/tmp/k8svmhost.deb',
];

import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateKeyPair } from '../../src/drivers/keys.ts';
import { upperOf, type Planned } from './plan.ts';
import type { Guest } from './recipes.ts';

const UNITS = 'etc/systemd/system';

/** The images that every vmhost names in its manifests, and the manifests of one. */
export function prepareVmhost({ paths }: Planned, guest: Guest, manifests: string | undefined): void {
  const upper = upperOf(paths);
  mkdirSync(join(upper, 'srv/images'), { recursive: true });
  symlinkSync(`${guest}.qcow2`, join(upper, 'srv/images/guest.qcow2'));
  const directory = join(upper, 'etc/k8slab.d');
  mkdirSync(directory, { recursive: true });
  if (manifests !== undefined) cpSync(manifests, directory, { recursive: true });
}

/** A container on the link has its address, knows the others by name, and its root may log in at each of them. */
export function prepareLinked(tree: string, all: readonly Planned[]): void {
  const key = generateKeyPair('lab');
  const names = all.flatMap(({ hostname, address = '' }) => [hostname, address]);
  for (const { hostname, address = '', paths } of all) {
    const files: Readonly<Record<string, string>> = {
      'etc/hostname': `${hostname}\n`,
      'etc/hosts': hostsFile(all),
      'etc/lab-link': `ADDRESS=${address}/24\n`,
      'root/.ssh/id_ed25519': `${key.privateKey.trimEnd()}\n`,
      'root/.ssh/authorized_keys': `${key.publicKey}\n`,
      'root/.ssh/known_hosts': `${names.join(',')} ${hostKey(tree)}`,
    };
    for (const [path, text] of Object.entries(files)) {
      write(join(upperOf(paths), path), text, path.includes('id_') ? 0o600 : 0o644);
    }
    const unit = readFileSync(join(import.meta.dirname, 'link/lab-link.service'), 'utf8');
    write(join(upperOf(paths), UNITS, 'lab-link.service'), unit);
    enable(paths, 'lab-link.service', `/${UNITS}/lab-link.service`);
    enable(paths, 'ssh.service', '/lib/systemd/system/ssh.service');
  }
}

/** Starts it at boot. @param unit where it lies in the container */
export function enable(paths: Planned['paths'], name: string, unit: string): void {
  const wants = join(upperOf(paths), UNITS, 'multi-user.target.wants');
  mkdirSync(wants, { recursive: true });
  symlinkSync(unit, join(wants, name));
}

/** Keeps what the tree starts at boot from starting. */
export function mask(paths: Planned['paths'], units: readonly string[]): void {
  mkdirSync(join(upperOf(paths), UNITS), { recursive: true });
  for (const unit of units) symlinkSync('/dev/null', join(upperOf(paths), UNITS, unit));
}

function hostsFile(all: readonly Planned[]): string {
  const others = all.map(({ hostname, address = '' }) => `${address}\t${hostname}\n`).join('');
  return `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${others}`;
}

/** The public key of all containers' sshd: they are made from one tree. */
function hostKey(tree: string): string {
  const path = join(tree, 'etc/ssh/ssh_host_ed25519_key.pub');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

export function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

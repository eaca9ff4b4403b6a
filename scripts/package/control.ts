import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { depends, recommends } from './programs.ts';

export interface ControlOptions {
  readonly version: string;
  readonly architecture: string;
  readonly maintainer: string;
}

const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const packaging = join(import.meta.dirname, '../../packaging/debian');

/** Writes DEBIAN/ of a tree that is complete. */
export function writeControl(root: string, options: ControlOptions): void {
  const files = listFiles(root);
  const directory = join(root, 'DEBIAN');
  mkdirSync(directory);
  const sums = files.filter(({ path }) => !path.startsWith('etc/'));
  writeFileSync(join(directory, 'control'), control(options, files));
  writeFileSync(join(directory, 'conffiles'), '/etc/k8slab/k8slabd.yaml\n');
  writeFileSync(join(directory, 'md5sums'), sums.map(({ path, md5 }) => `${md5}  ${path}\n`).join(''));
  for (const name of SCRIPTS)
    writeFileSync(join(directory, name), readFileSync(join(packaging, name)), { mode: 0o755 });
}

function control({ version, architecture, maintainer }: ControlOptions, files: readonly File[]): string {
  const kibibytes = files.reduce((sum, { size }) => sum + Math.ceil(size / 1024), 0);
  return `Package: k8slab
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: ${depends().join(', ')}
Recommends: ${recommends().join(', ')}
Suggests: ansible-core, prometheus
Section: admin
Priority: optional
Description: keeps a Kubernetes lab of libvirt guests equal to its manifests
 k8slabd reads YAML manifests of networks, images, nodes and load balancers in
 /etc/k8slab.d and makes libvirt have what they say, without restarting what
 need not be: DHCP reservations and DNS names, disks and guests, cloud-init,
 HAProxy, /etc/hosts, the Ansible inventory and ssh_config.
 .
 k8slab shows and checks what it does. The package brings its own Node.js.
`;
}

interface File {
  readonly path: string;
  readonly size: number;
  readonly md5: string;
}

function listFiles(root: string): File[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap((path) => {
      const stats = lstatSync(join(root, path));
      if (!stats.isFile()) return [];
      const md5 = createHash('md5')
        .update(readFileSync(join(root, path)))
        .digest('hex');
      return [{ path, size: stats.size, md5 }];
    });
}

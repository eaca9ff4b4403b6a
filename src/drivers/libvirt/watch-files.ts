import { join } from 'node:path';
import { watchDirs } from '../watch-dirs.ts';
import type { Suspicion } from './view.ts';

/** Where libvirt keeps what it has, one XML file each. */
export interface LibvirtFiles {
  /** Definitions of domains; those of networks are in networks/, links to what is started with the vmhost in autostart/. */
  readonly configDir: string;
  /** States of running domains. */
  readonly domainStateDir: string;
  /** States of active networks. */
  readonly networkStateDir: string;
}

export const LIBVIRT_FILES: LibvirtFiles = {
  configDir: '/etc/libvirt/qemu',
  domainStateDir: '/run/libvirt/qemu',
  networkStateDir: '/run/libvirt/network',
};

const RECHECK_MS = 10_000;
/** libvirt writes NAME.xml.new and renames it. */
const DOCUMENT = /^(.+)\.xml$/;

/** Tells which domain or network a changed file belongs to. */
export function watchLibvirtFiles(
  { configDir, domainStateDir, networkStateDir }: LibvirtFiles,
  onChange: (change: Suspicion) => void,
): { complete(): boolean; dispose(): void } {
  const kinds = new Map<string, 'domain' | 'network'>([
    [configDir, 'domain'],
    [domainStateDir, 'domain'],
    [join(configDir, 'networks'), 'network'],
    [networkStateDir, 'network'],
  ]);
  /** Made by libvirt with the first link in them. */
  const links = new Map<string, 'domain' | 'network'>([
    [join(configDir, 'autostart'), 'domain'],
    [join(configDir, 'networks', 'autostart'), 'network'],
  ]);
  const all = new Map([...kinds, ...links]);
  function told(dir: string, file: string | undefined): void {
    const name = file === undefined ? undefined : DOCUMENT.exec(file)?.[1];
    const kind = all.get(dir);
    if (file === undefined || kind === undefined) onChange({ kind: 'all' });
    else if (name !== undefined) onChange({ kind, name });
  }
  const documents = watchDirs({ dirs: () => [...kinds.keys()], onChange: told, recheckMs: RECHECK_MS });
  const autostart = watchDirs({ dirs: () => [...links.keys()], onChange: told, recheckMs: RECHECK_MS });
  return {
    complete: documents.complete,
    dispose() {
      documents.dispose();
      autostart.dispose();
    },
  };
}

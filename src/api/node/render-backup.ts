import { element, renderXml } from '../xml.ts';

/** A push-mode backup of a running domain's first disk into `target`; the guest goes on meanwhile. */
export function renderBackup(disks: readonly string[], source: string, target: string): string {
  const wanted = element('disk', { name: source, backup: 'yes', type: 'file' }, [
    element('driver', { type: 'qcow2' }),
    element('target', { file: target }),
  ]);
  const others = disks
    .filter((name) => name !== source)
    .map((name) => element('disk', { name, backup: 'no' }));
  return renderXml(element('domainbackup', { mode: 'push' }, [element('disks', {}, [wanted, ...others])]));
}

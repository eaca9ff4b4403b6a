import type { ObservedHaproxy } from './plan.ts';
import { parseHaproxyStats, type HaproxyStats } from './haproxy-stats.ts';

/** Longer than what HAProxy says of its version. */
const VERSION_LIMIT = 200;

/** @param text KEY=VALUE lines, an empty line, and what HAProxy says of itself */
export function parseHaproxyLook(text: string): { haproxy: ObservedHaproxy; stats?: HaproxyStats } {
  const end = text.indexOf('\n\n');
  const head = end === -1 ? text : text.slice(0, end);
  const values = new Map(
    head.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1).trim()] as const;
    }),
  );
  const stats = end === -1 ? undefined : parseHaproxyStats(text.slice(end));
  const said = stats?.version ?? values.get('version') ?? '';
  const version = /(?<!\d)\d+\.\d+(\.\d+)?/.exec(said.slice(0, VERSION_LIMIT))?.[0];
  const [sha256, access, written] = ['sha256', 'access', 'written'].map((key) => values.get(key));
  const selinux = values.get('selinux') ?? 'Disabled';
  const haproxy: ObservedHaproxy = {
    installed: stats !== undefined || values.has('version'),
    ...(version === undefined ? {} : { version }),
    ...(sha256 === undefined ? {} : { config: { sha256, access: access ?? '' } }),
    ...(written === undefined ? {} : { written }),
    busy: values.get('busy') === 'yes',
    pristine: values.get('pristine') === 'yes',
    active: ['active', 'reloading'].includes(values.get('ActiveState') ?? ''),
    enabled: (values.get('UnitFileState') ?? '').startsWith('enabled'),
    ports: (values.get('ports') ?? '')
      .split(' ')
      .filter((port) => /^:[0-9A-F]{1,4}$/.test(port))
      .map((port) => Number.parseInt(port.slice(1), 16)),
    selinux: selinux !== 'Disabled',
  };
  return { haproxy, ...(stats === undefined ? {} : { stats }) };
}

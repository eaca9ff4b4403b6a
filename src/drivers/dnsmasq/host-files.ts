import { ReasonedError } from '../../api/errors.ts';

export interface Reservation {
  mac: string;
  ip: string;
  name: string;
}

export interface HostNames {
  ip: string;
  /** First the canonical one. */
  hostnames: string[];
}

const HEADER = '# Written by k8slab; changes are overwritten.\n';
/** What may stand in a line without ending a field or the line. */
const FIELD = /^[^\s,#[\]]+$/;

/** The file that dnsmasq reads by dhcp-hostsdir: `MAC,IP,NAME` lines, in the order given. */
export function renderReservations(reservations: readonly Reservation[]): string {
  return HEADER + reservations.map(({ mac, ip, name }) => line([mac, bracket(ip), name], ',')).join('');
}

/** The file that dnsmasq reads by hostsdir: `IP NAME…` lines, in the order given. */
export function renderNames(names: readonly HostNames[]): string {
  return HEADER + names.map(({ ip, hostnames }) => line([ip, ...hostnames], ' ')).join('');
}

/** The reverse of renderReservations; other lines are left out. */
export function parseReservations(text: string): Reservation[] {
  return linesOf(text).flatMap((row) => {
    const [mac, ip, name, ...more] = row.split(',');
    if (mac === undefined || ip === undefined || name === undefined || more.length > 0) return [];
    return [{ mac, ip: ip.replace(/^\[(.*)\]$/, '$1'), name }];
  });
}

/** The reverse of renderNames; other lines are left out. */
export function parseNames(text: string): HostNames[] {
  return linesOf(text).flatMap((row) => {
    const [ip, ...hostnames] = row.split(/\s+/);
    return ip === undefined || hostnames.length === 0 ? [] : [{ ip, hostnames }];
  });
}

function linesOf(text: string): string[] {
  const rows = text.split('\n').map((row) => row.replace(/#.*/, '').trim());
  return rows.filter((row) => row !== '');
}

function line(fields: readonly string[], separator: string): string {
  for (const field of fields) {
    if (!FIELD.test(field.replace(/^\[(.*)\]$/, '$1')))
      throw new ReasonedError(
        'InvalidValue',
        `cannot write host line "${fields.join(separator)}": "${field}" does not fit`,
      );
  }
  return `${fields.join(separator)}\n`;
}

function bracket(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

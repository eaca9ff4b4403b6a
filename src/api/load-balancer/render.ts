import type { FrontendSpec, LoadBalancerSpec } from './spec.ts';

/** One server of a backend, as it is written into haproxy.cfg. */
export interface Server {
  readonly node: string;
  /** Name of the server line: the guest's full name. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** False: it stays in the list, and HAProxy sends nothing to it. */
  readonly enabled: boolean;
}

export interface HaproxyInput {
  readonly name: string;
  readonly spec: LoadBalancerSpec;
  /** The servers of each frontend, in the order of `spec.frontends`. */
  readonly servers: readonly (readonly Server[])[];
  /** Of the page of statistics; left out where there is none. */
  readonly password?: string;
}

/** Where HAProxy answers about itself, in the guest. */
export const STATS_SOCKET = '/var/lib/haproxy/stats';

/**
 * haproxy.cfg with nothing that HAProxy 1.5 does not know (CentOS 7 has that one). A frontend without servers is valid:
 * HAProxy takes the connection and closes it.
 */
export function renderHaproxy(input: HaproxyInput): string {
  const { name, spec } = input;
  const sections = [
    [`# LoadBalancer "${name}", written by k8slab: what is changed here by hand is undone.`],
    globalSection(spec),
    defaultsSection(spec),
    ...statsSection(spec.stats, input.password),
    ...spec.frontends.flatMap((frontend, index) => [
      frontendSection(frontend),
      backendSection(frontend, input.servers[index] ?? []),
    ]),
  ];
  const extra = spec.extraConfig === undefined ? [] : [spec.extraConfig.replace(/(?<!\n)\n+$/, '')];
  return `${[...sections.map((lines) => lines.join('\n')), ...extra].join('\n\n')}\n`;
}

/** Name of the backend section of a frontend. */
export function backendName({ name, backend }: FrontendSpec): string {
  return backend.name ?? name;
}

function globalSection({ limits }: LoadBalancerSpec): string[] {
  return [
    'global',
    '    log         127.0.0.1 local2',
    '    chroot      /var/lib/haproxy',
    '    pidfile     /var/run/haproxy.pid',
    `    maxconn     ${limits.global}`,
    '    user        haproxy',
    '    group       haproxy',
    '    daemon',
    `    stats socket ${STATS_SOCKET} mode 600 level user`,
  ];
}

function defaultsSection({ limits, timeouts, retries }: LoadBalancerSpec): string[] {
  const { tunnelSeconds } = timeouts;
  return [
    'defaults',
    '    log                     global',
    '    option                  httplog',
    '    option                  dontlognull',
    '    option                  http-server-close',
    '    option                  redispatch',
    `    retries                 ${retries}`,
    `    timeout http-request    ${timeouts.httpRequestSeconds}s`,
    `    timeout queue           ${timeouts.queueSeconds}s`,
    `    timeout connect         ${timeouts.connectSeconds}s`,
    `    timeout client          ${timeouts.clientSeconds}s`,
    `    timeout server          ${timeouts.serverSeconds}s`,
    ...(tunnelSeconds === undefined ? [] : [`    timeout tunnel          ${tunnelSeconds}s`]),
    `    timeout http-keep-alive ${timeouts.httpKeepAliveSeconds}s`,
    `    timeout check           ${timeouts.checkSeconds}s`,
    `    maxconn                 ${limits.frontend}`,
  ];
}

function statsSection(stats: LoadBalancerSpec['stats'], password: string | undefined): string[][] {
  if (stats === undefined || password === undefined) return [];
  return [
    [
      'listen stats',
      `    bind ${bindAddress(stats)}`,
      '    mode http',
      '    stats enable',
      String.raw`    stats realm Haproxy\ Statistics`,
      `    stats uri ${stats.path}`,
      `    stats auth ${stats.user}:${escapeWord(password)}`,
      `    stats refresh ${stats.refreshSeconds}s`,
    ],
  ];
}

function bindAddress({
  address,
  port,
}: {
  readonly address?: string | undefined;
  readonly port: number;
}): string {
  return `${address ?? '*'}:${port}`;
}

function frontendSection(frontend: FrontendSpec): string[] {
  const { name, mode, maxconn } = frontend;
  return [
    `frontend ${name}`,
    `    bind ${bindAddress(frontend)}`,
    `    mode ${mode}`,
    ...(mode === 'tcp' ? ['    option tcplog'] : []),
    ...(maxconn === undefined ? [] : [`    maxconn ${maxconn}`]),
    `    default_backend ${backendName(frontend)}`,
  ];
}

function backendSection(frontend: FrontendSpec, servers: readonly Server[]): string[] {
  const { mode, balance, backend } = frontend;
  const { type, path = '/' } = backend.check;
  return [
    `backend ${backendName(frontend)}`,
    `    mode ${mode}`,
    `    balance ${balance}`,
    ...(mode === 'http' ? ['    option forwardfor'] : []),
    ...(type === 'http' || type === 'https' ? [`    option httpchk GET ${path}`] : []),
    ...servers.map((server) => serverLine(backend, server)),
  ];
}

function serverLine({ check, maxconn }: FrontendSpec['backend'], server: Server): string {
  const { type, intervalSeconds, rise, fall } = check;
  const words = [
    ...(type === 'none' ? [] : ['check']),
    ...(type === 'https' ? ['check-ssl verify none'] : []),
    ...(intervalSeconds === undefined ? [] : [`inter ${intervalSeconds}s`]),
    ...(rise === undefined ? [] : [`rise ${rise}`]),
    ...(fall === undefined ? [] : [`fall ${fall}`]),
    ...(maxconn === undefined ? [] : [`maxconn ${maxconn}`]),
    ...(server.enabled ? [] : ['disabled']),
  ];
  return ['    server', server.name, `${server.address}:${server.port}`, ...words].join(' ');
}

/** Every version reads \xNN, whatever it thinks of quotes. */
export function escapeWord(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.-]/.test(char) ? char : String.raw`\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** Ports that HAProxy listens on. */
export function listenPorts({ frontends, stats }: LoadBalancerSpec): number[] {
  const ports = [...frontends.map(({ port }) => port), ...(stats === undefined ? [] : [stats.port])];
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Ports that HAProxy listens on or connects to: what SELinux wants to know of. */
export function usedPorts(spec: LoadBalancerSpec): number[] {
  const ports = [...listenPorts(spec), ...spec.frontends.map(({ backend }) => backend.port)];
  return [...new Set(ports)].sort((a, b) => a - b);
}

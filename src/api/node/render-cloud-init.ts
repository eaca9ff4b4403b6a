import { contentHash } from '../canonical.ts';
import type { NodeSpec } from './spec.ts';

/** What k8slab tells cloud-init beside the manifest. */
export interface CloudInitInput {
  readonly node: string;
  readonly fqdn: string;
  readonly instanceId: string;
  readonly spec: Pick<NodeSpec, 'ssh' | 'cloudInit'>;
  readonly podCIDR?: string;
  /** MAC addresses of the NICs, in their order. */
  readonly macs: readonly string[];
  /** Metrics of their default routes, as far as the manifest says; undefined: of none. */
  readonly routeMetrics?: readonly (number | null)[];
  /** Public key of the daemon, which may log in beside the user's keys. */
  readonly daemonKey: string;
  /** Those of the daemons of other vmhosts, as far as they are known when the guest is made. */
  readonly peerKeys?: readonly string[];
  /** The disk had another owner before: its machine-id and host keys must go. */
  readonly usedDisk: boolean;
}

export interface HostKey {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
}

/** The three files of a NoCloud seed. */
export interface SeedFiles {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

/**
 * JSON is YAML: cloud-init reads it, and so does whatever has no YAML parser at hand.
 * Passwords are locked and password login is off.
 */
export function renderSeed(input: CloudInitInput, hostKey: HostKey): SeedFiles {
  const userData = { ...cloudConfig(input), ssh_keys: sshKeys(hostKey) };
  return {
    userData: `#cloud-config\n${toJson(userData)}`,
    metaData: toJson({ 'instance-id': input.instanceId, 'local-hostname': input.fqdn }),
    networkConfig: toJson(networkConfig(input)),
  };
}

/**
 * Hash of what the guest was told: a difference means that cloud-init drifted. It knows neither the secret host key nor
 * how this version of k8slab words things, so that another version finds no drift where no setting changed.
 */
export function cloudInitHash({ spec, peerKeys: _, ...input }: CloudInitInput): string {
  const { ssh, cloudInit } = spec;
  return contentHash({ ...input, ssh, cloudInit }).slice(0, 16);
}

/** Characters that JSON takes as they are and YAML refuses, which would make cloud-init ignore the whole file. */
const NOT_IN_YAML = /[\u007f-\u009f\ufeff\ufffe\uffff]/g;

function toJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2);
  return `${json.replace(NOT_IN_YAML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function sshKeys(hostKey: HostKey): Record<string, string> {
  return { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey };
}

/** Of several NICs each would bring a default route of the same metric, and the last to come would win. */
function routeMetric({ macs, routeMetrics }: CloudInitInput, index: number): Record<string, number> {
  const said = routeMetrics?.[index] ?? undefined;
  if (said === undefined && macs.length === 1) return {};
  return { 'route-metric': said ?? METRIC_STEP * (index + 1) };
}

const METRIC_STEP = 100;

function networkConfig(input: CloudInitInput): unknown {
  const ethernets = input.macs.map((mac, index) => [
    `nic${index}`,
    // The client id by MAC: guests made from one image may share a machine-id, and with it a DUID.
    // Short names of other guests need the network's domain, which systemd-networkd does not take unasked.
    {
      match: { macaddress: mac },
      dhcp4: true,
      'dhcp-identifier': 'mac',
      'dhcp4-overrides': { 'use-domains': true, ...routeMetric(input, index) },
    },
  ]);
  return { version: 2, ethernets: Object.fromEntries(ethernets) as unknown };
}

function cloudConfig(input: CloudInitInput): Record<string, unknown> {
  const { cloudInit, ssh } = input.spec;
  const keys = [input.daemonKey, ...(input.peerKeys ?? []), ...ssh.authorizedKeys];
  const base: Record<string, unknown> = {
    hostname: input.node,
    fqdn: input.fqdn,
    prefer_fqdn_over_hostname: true,
    manage_etc_hosts: false,
    users: [userOf(ssh.user, keys)],
    disable_root: ssh.user !== 'root',
    ssh_pwauth: false,
    ssh_deletekeys: true,
    package_update: cloudInit.packageUpgrade,
    package_upgrade: cloudInit.packageUpgrade,
    ...(input.usedDisk ? { bootcmd: [RESET_MACHINE_ID] } : {}),
    // Its schema takes no empty lists.
    ...listed(
      'write_files',
      cloudInit.files.map(({ path, content, permissions, owner }) => ({
        path,
        content,
        permissions,
        // Users are made after the first files are written.
        ...(owner === undefined ? {} : { owner, defer: true }),
      })),
    ),
    ...listed('runcmd', [...podCidrCommand(input), ...cloudInit.commands]),
  };
  return mergeUserData(base, cloudInit.userData ?? {});
}

function listed(key: string, list: readonly unknown[]): Record<string, unknown> {
  return list.length === 0 ? {} : { [key]: list };
}

// Once per instance, before DHCP clients of later boots ask with an id that another guest has too.
const RESET_MACHINE_ID = [
  'cloud-init-per',
  'instance',
  'k8slab-machine-id',
  'sh',
  '-c',
  'rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup',
];

function userOf(name: string, keys: readonly string[]): Record<string, unknown> {
  if (name === 'root') return { name, ssh_authorized_keys: keys };
  return {
    name,
    shell: '/bin/bash',
    lock_passwd: true,
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    ssh_authorized_keys: keys,
  };
}

/** By a command and not write_files: that one runs before the user has a home. */
function podCidrCommand(input: CloudInitInput): string[][] {
  if (input.podCIDR === undefined) return [];
  const { user } = input.spec.ssh;
  const home = user === 'root' ? '/root' : `/home/${user}`;
  const script = `printf '%s\\n' "$1" > "$2" && chown "$3": "$2"`;
  return [['sh', '-c', script, 'pod-cidr', input.podCIDR, `${home}/pod_cidr.txt`, user]];
}

/** The manifest's own cloud-config wins, key by key; lists are appended, maps merged. */
function mergeUserData(
  base: Record<string, unknown>,
  more: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const before = merged[key];
    if (Array.isArray(before) && Array.isArray(value))
      merged[key] = [...(before as unknown[]), ...(value as unknown[])];
    else if (isMap(before) && isMap(value)) merged[key] = mergeUserData(before, value);
    else merged[key] = value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

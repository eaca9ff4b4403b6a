import { parseAllDocuments } from 'yaml';
import { API_VERSION } from '../../api/meta.ts';
import { ReasonedError } from '../../api/errors.ts';
import { KIND_NAMES } from '../../api/kinds/names.ts';
import { parseDomain } from '../../api/libvirt/domain.ts';
import { parseNetwork, type NetworkModel } from '../../api/libvirt/network.ts';
import { formatError } from '../../api/manifest/format.ts';
import { emptySnapshot, nextSnapshot, type ManifestFile } from '../../api/manifest/snapshot.ts';
import { version } from '../../api/version.ts';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import type { Exec } from '../../drivers/exec.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import { statusError } from '../client.ts';
import { examine, printChecks } from '../doctor/doctor.ts';
import type { Facts } from '../doctor/facts.ts';
import { printPlan, type PlanAnswer } from '../plan.ts';
import { printYaml } from '../print-yaml.ts';
import type { Part } from './collect.ts';
import { redactObject, secretsOf } from './redact-manifest.ts';
import { redactXml } from './redact-xml.ts';

/** Where parts come from; each may fail on its own. */
export interface Origins {
  readonly config: DaemonConfig;
  readonly configError: string | undefined;
  readonly facts: () => Promise<Facts>;
  readonly manifests: () => Promise<readonly ManifestFile[]>;
  readonly libvirt: Pick<Libvirt, 'networks' | 'networkXml' | 'domains' | 'domainXml'>;
  /** What the daemon serves at a path on its socket. */
  readonly get: (path: string) => Promise<string>;
  readonly exec: Exec;
  /** The text of a file; undefined where there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** The names in a directory. */
  readonly list: (path: string) => Promise<readonly string[]>;
  readonly now: Date;
}

const DNSMASQ = '/var/lib/libvirt/dnsmasq';
const COMMAND_DEADLINE_MS = 30_000;
const JOURNAL_LINES = '5000';
const LIST = ['ls', '-lanR', '--time-style=full-iso', '--'];
/** 1: some directories could not be read. */
const LISTED = [0, 1];

/** All that a report needs. Manifests and libvirt's documents come without what their users put into them. */
export async function partsOf(
  origins: Origins,
): Promise<{ readonly parts: readonly Part[]; readonly secrets: readonly string[] }> {
  const manifests = await manifestParts(origins);
  const libvirt = await libvirtParts(origins);
  const parts = [
    ...systemParts(origins),
    ...daemonParts(origins),
    ...manifests.parts,
    ...libvirt,
    ...journalParts(origins),
  ];
  return { parts, secrets: manifests.secrets };
}

function systemParts({ facts, config, configError, exec, now, read }: Origins): Part[] {
  let looked: Promise<Facts> | undefined;
  const checks = async (): Promise<ReturnType<typeof examine>> => examine(await (looked ??= facts()));
  return [
    {
      name: 'versions.txt',
      text: async () => {
        const release =
          /^PRETTY_NAME="?([^"\n]*)/m.exec((await read('/etc/os-release')) ?? '')?.[1] ?? 'unknown';
        const kernel = await run(exec, ['uname', '-srm']);
        const programs = [...(await (looked ??= facts())).programs].map(
          ([name, found]) => `${name} ${found?.version ?? 'none'}`,
        );
        return `${[`k8slab ${version}`, `node ${process.version}`, `system ${release}`, `kernel ${kernel.trim()}`, `collected ${now.toISOString()}`, ...programs].join('\n')}\n`;
      },
    },
    { name: 'doctor.txt', text: async () => printChecks(await checks()) },
    {
      name: 'configuration.yaml',
      text: () => (configError === undefined ? printYaml(config) : `# ${configError}\n`),
    },
    command(exec, 'system/addresses.txt', ['ip', '-brief', 'address']),
    command(exec, 'system/routes.txt', ['ip', 'route', 'show', 'table', 'all']),
    command(exec, 'system/bridges.txt', ['bridge', 'link']),
    command(exec, 'system/firewall.txt', ['iptables-save']),
    command(exec, 'system/storage.txt', [...LIST, config.storage], LISTED),
    command(exec, 'system/state.txt', [...LIST, config.state], LISTED),
    command(
      exec,
      'system/unit.txt',
      ['systemctl', 'status', '--no-pager', '--full', '--lines=0', 'k8slabd'],
      [0, 3],
    ),
  ];
}

function daemonParts({ get }: Origins): Part[] {
  const base = `/apis/${API_VERSION}`;
  return [
    ...['readyz', 'healthz', 'metrics'].map((path) => ({
      name: `daemon/${path}.txt`,
      text: () => get(`/${path}`),
    })),
    { name: 'daemon/plan.txt', text: async () => printPlan(answer(await get(`${base}/plan`)) as PlanAnswer) },
    { name: 'daemon/removals.json', text: async () => json(answer(await get(`${base}/removals`))) },
    { name: 'daemon/events.json', text: async () => json(answer(await get('/api/v1/events'))) },
    ...KIND_NAMES.map(({ plural }) => ({
      name: `daemon/${plural}.yaml`,
      text: async () => printYaml(redactObject(answer(await get(`${base}/${plural}`)))),
    })),
  ];
}

/** @throws ReasonedError the reason of a Status that is a failure */
function answer(text: string): unknown {
  const value = JSON.parse(text) as { kind?: string };
  if (value.kind !== 'Status') return value;
  throw statusError(value, 'the daemon refuses');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function manifestParts({ manifests, config }: Origins): Promise<{ parts: Part[]; secrets: string[] }> {
  try {
    const files = await manifests();
    const read = files.map((file) => ({
      file,
      documents: 'text' in file ? documentsIn(file.text) : undefined,
    }));
    const { errors, warnings } = nextSnapshot(emptySnapshot, { files });
    const complaints = [...errors, ...warnings].map((each) => `${formatError(each)}\n`).join('');
    return {
      parts: [
        { name: 'validate.txt', text: () => complaints || 'no errors and no warnings\n' },
        ...read.map(({ file, documents }) => ({
          name: `manifests/${file.path.replace(`${config.manifests}/`, '')}`,
          text: () => (documents ?? unreadable()).map((each) => printYaml(redactObject(each))).join('---\n'),
        })),
      ],
      secrets: read.flatMap(({ documents = [] }) => documents.flatMap(secretsOf)),
    };
  } catch (error) {
    return { parts: [failed('manifests', error)], secrets: [] };
  }
}

/** Undefined for what is no YAML: nobody can tell what in it is a secret. */
function documentsIn(text: string): unknown[] | undefined {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  try {
    return documents
      .map((document) => document.toJS({ maxAliasCount: 100 }) as unknown)
      .filter((value) => value !== null);
  } catch {
    return undefined;
  }
}

function unreadable(): never {
  throw new ReasonedError('InvalidYaml', 'it is no YAML, so that nobody can tell what in it is a secret');
}

async function libvirtParts(origins: Origins): Promise<Part[]> {
  const { libvirt } = origins;
  try {
    const [networks, domains] = await Promise.all([libvirt.networks(), libvirt.domains()]);
    const parts = await Promise.all([
      ...networks.map(({ name, persistent }) => networkParts(origins, name, persistent)),
      ...domains.map(({ name }) => domainParts(origins, name)),
    ]);
    const lines = [
      ...networks.map(
        ({ name, active, autostart }) => `network ${name} active=${active} autostart=${autostart}\n`,
      ),
      ...domains.map(
        ({ name, state, autostart }) => `domain ${name} ${state} autostart=${autostart === true}\n`,
      ),
    ];
    return [{ name: 'libvirt/list.txt', text: () => lines.join('') }, ...parts.flat()];
  } catch (error) {
    return [failed('libvirt', error)];
  }
}

/** Of a network of ours: its XML, defined and live, and what its dnsmasq reads and has leased. */
async function networkParts(
  { libvirt, read, list }: Origins,
  name: string,
  persistent: boolean,
): Promise<Part[]> {
  const config = await libvirt.networkXml(name, { inactive: persistent });
  const model = config === undefined ? undefined : parseNetwork(config).model;
  if (config === undefined || model?.mark === undefined) return [];
  return [
    { name: `libvirt/networks/${name}.xml`, text: () => redactXml(config) },
    {
      name: `libvirt/networks/${name}.live.xml`,
      text: async () => redactXml(required(await libvirt.networkXml(name, { inactive: false }))),
    },
    ...(await dnsmasqFiles(model, list)).map((path) => ({
      name: `dnsmasq/${path.slice(DNSMASQ.length + 1)}`,
      text: async () => required(await read(path)),
    })),
  ];
}

async function dnsmasqFiles(
  { name, bridge, options }: NetworkModel,
  list: Origins['list'],
): Promise<string[]> {
  const dirs = options.flatMap((option) => /^(?:dhcp-)?hostsdir=(.*)$/.exec(option)?.[1] ?? []);
  const below = await Promise.all(
    dirs
      .filter((dir) => dir.startsWith(`${DNSMASQ}/`))
      .map(async (dir) => (await list(dir)).map((file) => `${dir}/${file}`)),
  );
  const own = ['conf', 'hostsfile', 'addnhosts'].map((ending) => `${DNSMASQ}/${name}.${ending}`);
  const leases = bridge?.name === undefined ? [] : [`${DNSMASQ}/${bridge.name}.status`];
  return [...own, ...leases, ...below.flat()];
}

async function domainParts({ libvirt }: Origins, name: string): Promise<Part[]> {
  const config = await libvirt.domainXml(name, { inactive: true });
  if (config === undefined || parseDomain(config).model.mark === undefined) return [];
  return [
    { name: `libvirt/domains/${name}.xml`, text: () => redactXml(config) },
    {
      name: `libvirt/domains/${name}.live.xml`,
      text: async () => redactXml(required(await libvirt.domainXml(name, { inactive: false }))),
    },
  ];
}

function required(text: string | undefined): string {
  if (text !== undefined) return text;
  throw new ReasonedError('NotFound', 'there is none');
}

function journalParts({ exec }: Origins): Part[] {
  const units = {
    k8slabd: ['k8slabd.service'],
    libvirt: ['libvirtd.service', 'virtqemud.service', 'virtnetworkd.service'],
  };
  return Object.entries(units).map(([name, of]) => {
    const wanted = of.flatMap((unit) => ['--unit', unit]);
    const argv = ['journalctl', '--no-pager', '--output=short-iso', '--lines', JOURNAL_LINES, ...wanted];
    return command(exec, `journal/${name}.txt`, argv);
  });
}

function command(exec: Exec, name: string, argv: readonly string[], okCodes: readonly number[] = [0]): Part {
  return { name, text: () => run(exec, argv, okCodes) };
}

async function run(exec: Exec, argv: readonly string[], okCodes: readonly number[] = [0]): Promise<string> {
  const { stdout } = await exec(argv, {
    deadlineMs: COMMAND_DEADLINE_MS,
    okCodes,
    maxOutput: 64 * 1024 * 1024,
  });
  return stdout;
}

function failed(name: string, error: unknown): Part {
  return {
    name,
    text: () => {
      throw error;
    },
  };
}

import { lookup, lookupService } from 'node:dns/promises';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import { ReasonedError } from '../../api/errors.ts';
import { readRecords } from '../../api/vmhost/read.ts';
import { exec, ExecError } from '../../drivers/exec.ts';
import { readIfExists } from '../../drivers/files.ts';
import { createHaproxy } from '../../drivers/haproxy.ts';
import { createLibvirt, createVirsh } from '../../drivers/libvirt.ts';
import { createResolver } from '../../drivers/resolver.ts';
import { createSsh } from '../../drivers/ssh.ts';
import type { InventoryHost, LeaseLine, VerifyWorld } from './types.ts';

const INVENTORY_MS = 60_000;

/** The vmhost and its guests, looked at by virsh, DNS, ssh and files. */
export function openWorld(config: DaemonConfig): { world: VerifyWorld; dispose: () => Promise<void> } {
  const { hosts, inventory } = config.hostFiles;
  const virsh = createVirsh({ uri: config.connect, command: ['virsh', '--readonly'] });
  const libvirt = createLibvirt({ virsh, xmlDir: config.runtime });
  const ssh = createSsh({ identity: () => readIdentity(config.identity) });
  const world: VerifyWorld = {
    domains: async () => new Map((await libvirt.domains()).map(({ name, state }) => [name, state])),
    networks: async () =>
      new Set((await libvirt.networks()).filter(({ active }) => active).map(({ name }) => name)),
    leases: async (network) => parseLeaseTable(await virsh.call(['net-dhcp-leases', network])),
    dns: createResolver(),
    resolve: {
      addresses: async (name) => (await lookup(name, { all: true, family: 4 })).map(({ address }) => address),
      name: async (address) => (await lookupService(address, 22)).hostname,
    },
    hosts: hosts === '' ? undefined : async () => (await readIfExists(hosts)) ?? '',
    inventory: inventory === '' ? undefined : () => readInventory(inventory),
    ssh,
    haproxy: createHaproxy({ ssh }),
    now: () => performance.now(),
  };
  return {
    world,
    dispose: async () => {
      await Promise.all([ssh.dispose(), libvirt.dispose()]);
    },
  };
}

async function readIdentity(path: string): Promise<string> {
  const key = await readIfExists(path);
  if (key !== undefined) return key;
  throw new ReasonedError('NoIdentity', `cannot log in to guests: there is no key "${path}"`, {
    hint: 'k8slabd makes it at its first start',
  });
}

/** `virsh net-dhcp-leases`, whose columns are the same in every language. */
export function parseLeaseTable(text: string): LeaseLine[] {
  return [
    ...text.matchAll(/^ *(\d{4}-\d\d-\d\d) +(\d\d:\d\d:\d\d) +([0-9a-f:]{17}) +ipv4 +([\d.]+)\/\d+/gim),
  ].map(([, day = '', time = '', mac = '', ip = '']) => ({
    mac: mac.toLowerCase(),
    ip,
    expires: `${day}T${time}Z`,
  }));
}

/** As Ansible understands it; where there is no Ansible, as it is written. */
async function readInventory(path: string): Promise<ReadonlyMap<string, InventoryHost>> {
  try {
    const argv = ['ansible-inventory', '--list', '-i', path];
    // Ansible refuses a locale that is not UTF-8.
    const { stdout } = await exec(argv, { deadlineMs: INVENTORY_MS, env: { LC_ALL: 'C.UTF-8' } });
    return parseInventory(JSON.parse(stdout) as AnsibleInventory);
  } catch (error) {
    if (!(error instanceof ExecError) || error.reason !== 'CommandNotFound') throw error;
    const records = readRecords({ inventory: (await readIfExists(path)) ?? '' });
    return new Map(
      [...records.values()].map(({ fqdn, address, role }) => [
        fqdn,
        { address, groups: [role ?? 'ungrouped'] },
      ]),
    );
  }
}

/** Groups by name; among them `_meta`, which has the variables of the hosts. */
type AnsibleInventory = Readonly<
  Record<
    string,
    {
      readonly hosts?: readonly string[];
      readonly hostvars?: Readonly<Record<string, { readonly ansible_host?: string }>>;
    }
  >
>;

/** What `ansible-inventory --list` prints. */
export function parseInventory({ _meta, ...groups }: AnsibleInventory): ReadonlyMap<string, InventoryHost> {
  const hosts = new Map<string, { address: string | undefined; groups: string[] }>();
  for (const [group, members] of Object.entries(groups)) {
    for (const name of members.hosts ?? []) {
      const host = hosts.get(name) ?? { address: _meta?.hostvars?.[name]?.ansible_host, groups: [] };
      host.groups.push(group);
      hosts.set(name, host);
    }
  }
  return hosts;
}

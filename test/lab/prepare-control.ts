import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { daemonConfig } from '../../src/api/daemon-config.ts';
import type { Binaries } from '../control-plane/binaries.ts';
import { createAuthority } from '../control-plane/certificates.ts';
import { kubeconfigText } from '../control-plane/control-plane.ts';
import { apiserverArgv, etcdArgv, type Layout } from '../control-plane/programs.ts';
import { CONTROL_UNITS } from './control-plane.ts';
import { CONTROL_ADDRESS, upperOf, type Planned } from './plan.ts';
import { enable, mask, write } from './prepare.ts';

const PORT = 6443;
const PKI = '/etc/kubernetes/pki';
const TOKENS = '/etc/kubernetes/tokens.csv';
const INSIDE: Binaries = {
  apiserver: '/usr/local/bin/kube-apiserver',
  etcd: '/usr/local/bin/etcd',
  kubectl: '/usr/local/bin/kubectl',
};
const NOT_HERE = ['libvirtd.service', 'libvirtd.socket', 'libvirt-guests.service', 'lab-outside.service'];
/** Images are files of the vmhosts. */
const SOURCE = 'source: {kubeconfig: /etc/k8slab/kubeconfig, allow: [HostPaths]}\n';

export function binariesBinds(binaries: Binaries): (readonly [string, string])[] {
  return (['apiserver', 'etcd', 'kubectl'] as const).map((name) => [binaries[name], INSIDE[name]]);
}

/**
 * Puts the control plane on the disk of its container, and on that of each vmhost what its daemon needs to be one of it.
 * @param kubeconfig where that of its admin is written
 */
export async function prepareControl(
  control: Planned,
  vmhosts: readonly Planned[],
  kubeconfig: string,
): Promise<void> {
  const upper = upperOf(control.paths);
  const authority = await createAuthority(join(upper, PKI));
  await authority.server('server', [CONTROL_ADDRESS]);
  await authority.server('service-account', [CONTROL_ADDRESS]);
  prepareUnits(control);
  mask(control.paths, NOT_HERE);

  const url = `https://${CONTROL_ADDRESS}:${PORT}`;
  const tokens: string[] = [];
  const enrol = (user: string, group: string): string => {
    const token = randomBytes(16).toString('hex');
    tokens.push(`${token},${user},${user},"${group}"\n`);
    return kubeconfigText({ url, ca: authority.pem, user, token });
  };
  write(kubeconfig, enrol('admin', 'system:masters'), 0o600);
  for (const { hostname, paths } of vmhosts) {
    const text = enrol(`k8slab:vmhost:${hostname}`, 'k8slab:vmhosts');
    write(join(upperOf(paths), 'etc/k8slab/kubeconfig'), text, 0o600);
    if ('source' in daemonConfig.shape) write(join(upperOf(paths), 'etc/k8slab/k8slabd.yaml'), SOURCE);
  }
  write(join(upper, TOKENS), tokens.join(''), 0o600);
}

function prepareUnits({ paths }: Planned): void {
  const pair = (name: string) => ({ cert: `${PKI}/${name}.crt`, key: `${PKI}/${name}.key` });
  const layout: Layout = {
    binaries: INSIDE,
    directory: '/var/lib/control-plane',
    address: CONTROL_ADDRESS,
    port: PORT,
    etcdPort: 2379,
    peerPort: 2380,
    server: pair('server'),
    ca: pair('ca').cert,
    serviceAccount: pair('service-account'),
    tokens: TOKENS,
    flags: [],
  };
  const [etcd, apiserver] = CONTROL_UNITS;
  const units = {
    [etcd]: unit('etcd', etcdArgv(layout), ''),
    [apiserver]: unit(
      'API server',
      apiserverArgv(layout),
      `Requires=${etcd}\nAfter=${etcd} lab-link.service\n`,
    ),
  };
  for (const [name, text] of Object.entries(units)) {
    write(join(upperOf(paths), 'etc/systemd/system', name), text);
    enable(paths, name, `/etc/systemd/system/${name}`);
  }
}

function unit(what: string, argv: readonly string[], order: string): string {
  return `[Unit]
Description=The control plane's ${what}
${order}
[Service]
Type=notify
ExecStart=${argv.join(' ')}
TimeoutStartSec=180
# A kube-apiserver waits a minute for watches to end.
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
`;
}

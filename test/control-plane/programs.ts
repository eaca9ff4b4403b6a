import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Pair } from './certificates.ts';

/** Where a control plane is and what it is made of. */
export interface Layout {
  readonly binaries: Binaries;
  readonly directory: string;
  /** Where the API server listens. */
  readonly address: string;
  readonly port: number;
  /** etcd's, on loopback. */
  readonly etcdPort: number;
  readonly peerPort: number;
  readonly server: Pair;
  readonly ca: string;
  /** For the tokens of service accounts, which nobody uses. */
  readonly serviceAccount: Pair;
  readonly tokens: string;
  readonly flags: readonly string[];
}

export function etcdArgv({ binaries, directory, etcdPort, peerPort }: Layout): string[] {
  const client = `http://127.0.0.1:${etcdPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    binaries.etcd,
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // What is tested is no power failure of this machine.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiserverArgv(layout: Layout): string[] {
  const { binaries, directory, address, port, etcdPort, server, ca, serviceAccount, tokens, flags } = layout;
  return [
    binaries.apiserver,
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'certs')}`,
    `--tls-cert-file=${server.cert}`,
    `--tls-private-key-file=${server.key}`,
    `--client-ca-file=${ca}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    `--service-account-key-file=${serviceAccount.cert}`,
    `--service-account-signing-key-file=${serviceAccount.key}`,
    '--service-account-issuer=https://k8slab.test',
    '--service-cluster-ip-range=10.96.0.0/16',
    // No endpoints of the kubernetes service are wanted: nobody else is there.
    '--endpoint-reconciler-type=none',
    ...flags,
  ];
}

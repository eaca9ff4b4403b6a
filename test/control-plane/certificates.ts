import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../lab/processes.ts';

export interface Pair {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in a directory of its own. */
export interface Authority {
  readonly cert: string;
  readonly pem: string;
  readonly server: (name: string, addresses: readonly string[]) => Promise<Pair>;
  /** A client's, that ends `days` from now; below 0, it has ended. */
  readonly client: (user: string, options: { groups: readonly string[]; days?: number }) => Promise<Pair>;
}

export async function createAuthority(directory: string): Promise<Authority> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ca = pairIn(directory, 'ca');
  const self = ['-x509', '-days', '365', '-subj', '/CN=k8slab-test', '-keyout', ca.key, '-out', ca.cert];
  await mustRun(['openssl', 'req', ...newKey, ...self]);

  async function issue(file: string, subject: string, days: number, extensions: string): Promise<Pair> {
    const pair = pairIn(directory, file);
    const request = join(directory, `${file}.csr`);
    const config = join(directory, `${file}.ext`);
    writeFileSync(config, extensions);
    const how = [...newKey, '-subj', subject, '-keyout', pair.key, '-out', request];
    await mustRun(['openssl', 'req', ...how]);
    const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-extfile', config];
    const what = ['-req', '-in', request, '-out', pair.cert, '-days', String(days)];
    await mustRun(['openssl', 'x509', ...what, ...by]);
    return pair;
  }

  return {
    cert: ca.cert,
    pem: readFileSync(ca.cert, 'utf8'),
    server: (name, addresses) =>
      issue(
        name,
        `/CN=${name}`,
        365,
        `subjectAltName=${addresses.map((each) => `IP:${each}`).join(',')}\nextendedKeyUsage=serverAuth\n`,
      ),
    client: (user, { groups, days = 365 }) => {
      const subject = [...groups.map((group) => `/O=${group}`), `/CN=${user}`].join('');
      return issue(`client-${user}`, subject, days, 'extendedKeyUsage=clientAuth\n');
    },
  };
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

function pairIn(directory: string, name: string): Pair {
  return { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

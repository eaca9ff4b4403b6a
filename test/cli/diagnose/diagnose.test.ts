import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { daemonConfig } from '../../../src/api/daemon-config.ts';
import { diagnose, type Diagnosis } from '../../../src/cli/diagnose/diagnose.ts';
import type { Origins } from '../../../src/cli/diagnose/parts.ts';
import { secretsBelow } from '../../../src/cli/diagnose/secrets.ts';
import { exec as runCommand, type Exec } from '../../../src/drivers/exec.ts';
import { ReasonedError } from '../../../src/api/errors.ts';
import { soundFacts } from '../doctor/facts.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-diagnose-test-'));
});
after(() => rm(root, { recursive: true, force: true }));

const PEM =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nPLANTEDkey1\nPLANTEDkey2\n-----END OPENSSH PRIVATE KEY-----\n';
const MARK =
  '<metadata><k8slab:object xmlns:k8slab="https://k8slab.io/libvirt/v1alpha1" kind="KIND" name="a"/></metadata>';
const NETWORK = `<network><name>lab</name>${MARK.replace('KIND', 'Network')}<bridge name='virbr7'/><title>PLANTED</title></network>`;
const DOMAIN = `<domain type='kvm'><name>a</name><uuid>1</uuid>${MARK.replace('KIND', 'Node')}<memory>1</memory><devices><graphics type='vnc' passwd='PLANTED'/></devices></domain>`;
const FOREIGN = DOMAIN.replace(/<metadata>.*<\/metadata>/, '').replace('<name>a', '<name>PLANTED-foreign');

const MANIFESTS: Readonly<Record<string, string>> = {
  'a.yaml': `# PLANTED in a comment
apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: a, annotations: {note: PLANTED}}
spec:
  disk: {image: i}
  networks: [{network: n}]
  cloudInit:
    commands: ["echo PLANTEDcommand >/x"]
    files: [{path: /etc/key, content: "PLANTED file"}]
    userData: {password: PLANTED, users: [{name: x, hashed_passwd: "$6$PLANTED"}]}
  secrt: PLANTED
`,
  'broken.yaml': 'kind: Node\nspec: {password: PLANTED\n  - x: [',
  'image.yaml':
    'apiVersion: k8slab.io/v1alpha1\nkind: Image\nmetadata: {name: i}\nspec: {source: "https://me:PLANTEDurl@x.example/a.img?sig=PLANTEDsig"}\n',
  'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: PLANTED}\n',
};

/** An answer of the daemon, by its path. */
const SERVED: Readonly<Record<string, string>> = {
  '/metrics': 'k8slab_x{name="a"} 1\n',
  '/readyz': 'cannot log in with haPLANTEDproxy\n',
  '/healthz': 'ok\n',
  '/apis/k8slab.io/v1alpha1/plan': JSON.stringify({ items: [{ kind: 'Node', name: 'a', actions: [] }] }),
  '/apis/k8slab.io/v1alpha1/removals': JSON.stringify({ items: [] }),
  '/api/v1/events': JSON.stringify({
    items: [{ message: 'Authorization: Bearer PLANTEDtoken and echo PLANTEDcommand >/x' }],
  }),
  '/apis/k8slab.io/v1alpha1/nodes': JSON.stringify({
    kind: 'NodeList',
    items: [
      {
        kind: 'Node',
        metadata: { name: 'a' },
        spec: { cloudInit: { userData: { x: 'PLANTED' } } },
        status: { message: PEM },
      },
    ],
  }),
};

function fakeExec(): Exec {
  return (argv, options) => {
    const [command = ''] = argv;
    if (command === 'tar') return runCommand(argv, options);
    if (command === 'iptables-save')
      throw new ReasonedError('CommandNotFound', 'cannot run command "iptables-save": no such command');
    const stdout =
      command === 'journalctl'
        ? `login of https://x:PLANTED@y with PLANTEDkey1 password=PLANTED\n${PEM}`
        : `${command}\n`;
    return Promise.resolve({ stdout, stderr: '', code: 0 });
  };
}

function origins(change: Partial<Origins> = {}): Origins {
  const files: Readonly<Record<string, string>> = {
    '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12"\n',
    '/var/lib/libvirt/dnsmasq/lab.conf': 'dhcp-option=1\n# password: PLANTED\n',
    '/var/lib/libvirt/dnsmasq/virbr7.status': '[{"ip-address": "192.168.1.5"}]\n',
  };
  return {
    config: { ...daemonConfig.parse({}), connect: 'qemu+tcp://me:PLANTED@host/system' },
    configError: undefined,
    facts: () => Promise.resolve(soundFacts()),
    manifests: () =>
      Promise.resolve(
        Object.entries(MANIFESTS).map(([name, text]) => ({ path: `/etc/k8slab.d/${name}`, text })),
      ),
    libvirt: {
      networks: () =>
        Promise.resolve([{ name: 'lab', uuid: '1', active: true, autostart: true, persistent: true }]),
      networkXml: () => Promise.resolve(NETWORK),
      domains: () =>
        Promise.resolve([
          { name: 'a', uuid: '1', state: 'running' },
          { name: 'foreign', uuid: '2', state: 'shutoff' },
        ]),
      domainXml: (name) => Promise.resolve(name === 'a' ? DOMAIN : FOREIGN),
    },
    get: (path) =>
      SERVED[path] === undefined
        ? Promise.reject(new ReasonedError('NotFound', `there is no ${path}`))
        : Promise.resolve(SERVED[path]),
    exec: fakeExec(),
    read: (path) => Promise.resolve(files[path]),
    list: () => Promise.resolve([]),
    now: new Date('2026-01-02T03:04:05.678Z'),
    ...change,
  };
}

async function unpacked(path: string): Promise<Map<string, string>> {
  const directory = await mkdtemp(join(root, 'unpacked-'));
  const { status } = spawnSync('tar', ['-xzf', path, '-C', directory]);
  assert.equal(status, 0);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [file.slice(directory.length + 1).replace(/^[^/]+\//, ''), await readFile(file, 'utf8')] as const,
      ),
    ),
  );
}

async function run(
  change: Partial<Origins> = {},
  known: readonly string[] = [],
): Promise<Diagnosis & { readonly in: Map<string, string> }> {
  const path = join(await mkdtemp(join(root, 'out-')), 'report.tar.gz');
  const diagnosis = await diagnose(origins(change), path, known);
  return { ...diagnosis, in: await unpacked(path) };
}

describe('k8slab diagnose', () => {
  it('has no secret in its archive, wherever one was', async () => {
    const etc = join(root, 'etc');
    await mkdir(join(etc, 'secrets'), { recursive: true });
    await mkdir(join(etc, 'ssh'));
    await writeFile(join(etc, 'secrets/haproxy-stats'), 'haPLANTEDproxy\n');
    await writeFile(join(etc, 'ssh/id_ed25519'), PEM);
    await writeFile(join(etc, 'kubeconfig'), 'users:\n- user: {token: PLANTEDkube}\n  x: y\n');

    const { in: files } = await run({}, await secretsBelow(etc));

    for (const [name, text] of files) {
      assert.doesNotMatch(name, /PLANTED/);
      assert.doesNotMatch(text, /PLANTED/, `${name}:\n${text}`);
    }
  });

  it('has what a report needs', async () => {
    const { in: files, files: count } = await run();

    assert.equal(files.size, count);
    for (const name of [
      'README',
      'versions.txt',
      'doctor.txt',
      'configuration.yaml',
      'validate.txt',
      'manifests/a.yaml',
      'manifests/image.yaml',
      'daemon/plan.txt',
      'daemon/events.json',
      'daemon/nodes.yaml',
      'daemon/metrics.txt',
      'libvirt/list.txt',
      'libvirt/networks/lab.xml',
      'libvirt/domains/a.xml',
      'dnsmasq/lab.conf',
      'dnsmasq/virbr7.status',
      'journal/k8slabd.txt',
    ])
      assert.ok(files.has(name), `${name} of ${[...files.keys()].join(' ')}`);
    assert.match(files.get('versions.txt') ?? '', /Debian GNU\/Linux 12/);
    assert.match(files.get('manifests/a.yaml') ?? '', /image: i/);
    assert.match(files.get('validate.txt') ?? '', /a\.yaml:12:3: spec\.secrt/);
    assert.match(files.get('libvirt/list.txt') ?? '', /domain foreign shutoff/);
    assert.ok(!files.has('libvirt/domains/foreign.xml'), 'what is not ours is not shown');
  });

  it('is readable by its owner alone, and never written over a file', async () => {
    const { path } = await run();

    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const size = (await stat(path)).size;
    const unasked = (): never => assert.fail('it was collected for nothing');
    await assert.rejects(diagnose({ ...origins(), facts: unasked, manifests: unasked }, path, []), {
      reason: 'FileExists',
    });
    assert.equal((await stat(path)).size, size);
  });

  it('notes what cannot be had, and goes on', async () => {
    const broken = (): Promise<never> => Promise.reject(new ReasonedError('Broken', 'out of reach'));
    const { in: files, missing } = await run({
      facts: broken,
      manifests: broken,
      get: broken,
      libvirt: { networks: broken, networkXml: broken, domains: broken, domainXml: broken },
      exec: (argv, options) => (argv[0] === 'tar' ? runCommand(argv, options) : broken()),
    });

    const said = missing.join('\n');
    for (const name of ['doctor.txt', 'manifests', 'daemon/plan.txt', 'libvirt', 'journal/k8slabd.txt'])
      assert.match(said, new RegExp(`^${name}: out of reach$`, 'm'));
    assert.match(files.get('README') ?? '', /Could not be had:\n- versions\.txt: out of reach/);
    assert.ok(files.has('configuration.yaml'));
  });

  it('says which manifest it left out, and why', async () => {
    const { missing, in: files } = await run();

    assert.match(missing.join('\n'), /^manifests\/broken\.yaml: .*nobody can tell what in it is a secret$/m);
    assert.ok(!files.has('manifests/broken.yaml'));
  });

  it('keeps files below its directory, whatever a manifest is called', async () => {
    const { in: files } = await run({
      manifests: () => Promise.resolve([{ path: '/root/../../etc/x y;.yaml', text: 'kind: Node\n' }]),
    });

    assert.ok(files.has('manifests/root/etc/x_y_.yaml'), [...files.keys()].join(' '));
  });
});

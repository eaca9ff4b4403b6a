import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import {
  allReady,
  applyManifests,
  bootLab,
  getObject,
  mutatingCalls,
  mutations,
  startDaemon,
  tutorialManifests,
  untilCondition,
} from './bed.ts';

const NETWORK = tutorialManifests().get('k8s-net.yaml') ?? '';

function image(name: string, source: string, checksum?: string): string {
  const pinned = checksum === undefined ? '' : `, checksum: "${checksum}"`;
  return `apiVersion: k8slab.io/v1alpha1\nkind: Image\nmetadata: {name: ${name}}\nspec: {source: "${source}"${pinned}}\n`;
}

function node(name: string, disk: string, nic = '{network: k8s-net}', more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: ${name}}\nspec:\n  memory: 256Mi\n  disk: ${disk}\n  networks: [${nic}]\n${more}`;
}

/** Bad input and a world that does not play along: a condition that says what to do, and recovery without a restart. */
describe('faults', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: 'e2e-faults' });
    await applyManifests(lab, [['k8s-net.yaml', NETWORK]]);
    await startDaemon(lab);
    await allReady(lab, 60);
  });
  after(() => lab.down());

  async function failed(reference: string, reason: string, message: RegExp): Promise<void> {
    const found = await untilCondition(lab, [reference, 'Ready'], (condition) => condition.reason === reason);
    assert.notEqual(found.status, 'True');
    assert.match(found.message, message);
  }

  async function ready(reference: string, seconds = 120): Promise<void> {
    await untilCondition(lab, [reference, 'Ready'], ({ status }) => status === 'True', seconds);
  }

  /** By a file: virsh cannot open what nsenter gives it as standard input. */
  async function virshDefine(command: 'define' | 'net-define', xml: string): Promise<void> {
    await lab.writeFile('/srv/definition.xml', xml);
    await lab.must(['virsh', command, '/srv/definition.xml']);
  }

  it('names a missing image, lets the Node wait for it, and goes on when it appears', async () => {
    await applyManifests(lab, [
      ['late.yaml', image('late', '/srv/late.qcow2')],
      ['waits.yaml', node('waits', '{image: late}')],
    ]);
    await failed('image/late', 'SourceNotFound', /\/srv\/late\.qcow2/);
    await failed('node/waits', 'ImageNotReady', /Image "late"/);

    await lab.must(['cp', '/srv/images/guest.qcow2', '/srv/late.qcow2']);

    await ready('node/waits', 180);
  });

  it('E17, E91: waits for a Network that does not exist, and proceeds when it does', async () => {
    await applyManifests(lab, [
      ['early.yaml', node('early', '{image: late}', '{network: second}', '  power: Stopped\n')],
    ]);
    await failed('node/early', 'NetworkNotFound', /Network "second"/);

    const second = NETWORK.replace('name: k8s-net', 'name: second').replaceAll('192.168.111', '192.168.112');
    const other = second
      .replace('virbr1', 'virbr2')
      .replace('k8s-thw.local', 'second.local')
      .replace(/ {2}podCIDR.*\n/, '');
    await applyManifests(lab, [['second.yaml', other]]);

    await ready('node/early');
    assert.equal(
      (await getObject(lab, 'node/early'))?.status.conditions.find(({ type }) => type === 'Running')?.reason,
      'Stopped',
    );
  });

  it('E54: refuses what does not match its checksum, and keeps nothing of it', async () => {
    await applyManifests(lab, [
      ['forged.yaml', image('forged', '/srv/late.qcow2', `sha256:${'0'.repeat(64)}`)],
    ]);

    await failed('image/forged', 'ChecksumMismatch', /sha256:0000/);

    const left = await lab.must(['sh', '-c', 'ls -A /var/lib/libvirt/images/k8slab/images']);
    assert.doesNotMatch(left, /forged/);
    await lab.must(['rm', '/etc/k8slab.d/forged.yaml']);
  });

  it('E54: fetches an image over HTTP, going on where the connection broke', async () => {
    const sum = (await lab.must(['sha256sum', '/srv/images/guest.qcow2'])).split(' ')[0] ?? '';
    await lab.writeFile('/srv/flaky.py', FLAKY_SERVER);
    await lab.must(['systemd-run', '--unit=flaky', 'python3', '/srv/flaky.py']);

    await applyManifests(lab, [
      ['web.yaml', image('web', 'http://127.0.0.1:8099/guest.qcow2', `sha256:${sum}`)],
    ]);

    await ready('image/web');
    const log = await lab.must(['cat', '/run/flaky.log']);
    assert.match(log, /range=None sent=\d+ broke/);
    assert.match(log, /range=bytes=[1-9]\d*- /);
  });

  it('says that the disk is full, uses no half-made image, and goes on once there is room', async () => {
    await lab.must(['systemctl', 'stop', 'k8slabd']);
    await lab.must([
      'sh',
      '-c',
      'mkdir -p /srv/small && mount -t tmpfs -o size=8m tmpfs /srv/small && mkdir -p /etc/k8slab',
    ]);
    await lab.writeFile('/etc/k8slab/k8slabd.yaml', 'storage: /srv/small/k8slab\n');
    await lab.must([
      'sh',
      '-c',
      'mkdir /srv/parked && mv /etc/k8slab.d/* /srv/parked && cp /srv/parked/k8s-net.yaml /etc/k8slab.d',
    ]);
    await applyManifests(lab, [['full.yaml', image('full', '/srv/images/guest.qcow2')]]);
    await lab.must(['mkdir', '-p', '/etc/systemd/system/k8slabd.service.d']);
    await lab.writeFile(
      '/etc/systemd/system/k8slabd.service.d/small.conf',
      '[Service]\nReadWritePaths=/srv/small\n',
    );
    await lab.must(['systemctl', 'daemon-reload']);
    await startDaemon(lab);
    await failed('image/full', 'NoSpace', /\/srv\/small/);

    await lab.must(['mount', '-o', 'remount,size=256m', '/srv/small']);

    await ready('image/full');
    await lab.must([
      'sh',
      '-c',
      'systemctl stop k8slabd; rm -r /etc/k8slab/k8slabd.yaml /etc/systemd/system/k8slabd.service.d; rm /etc/k8slab.d/full.yaml; cp /srv/parked/* /etc/k8slab.d; systemctl daemon-reload; systemctl start k8slabd',
    ]);
    await allReady(lab, 120);
  });

  it('leaves a domain and a network that it did not make untouched, and says so', async () => {
    await virshDefine('net-define', "<network><name>foreign</name><bridge name='virbr7'/></network>");
    await virshDefine(
      'define',
      "<domain type='qemu'><name>stranger</name><memory>65536</memory><os><type>hvm</type></os></domain>",
    );
    const before = await lab.must(['sh', '-c', 'virsh net-dumpxml foreign; virsh dumpxml stranger']);

    const foreign = NETWORK.replace('name: k8s-net', 'name: foreign').replaceAll(
      '192.168.111',
      '192.168.113',
    );
    await applyManifests(lab, [
      [
        'foreign.yaml',
        foreign
          .replace('virbr1', 'virbr7')
          .replace('k8s-thw.local', 'f.local')
          .replace(/ {2}podCIDR.*\n/, ''),
      ],
      ['stranger.yaml', node('stranger', '{image: late}')],
    ]);

    await failed('network/foreign', 'Conflict', /did not make/);
    await failed('node/stranger', 'Conflict', /did not make/);
    assert.equal(await lab.must(['sh', '-c', 'virsh net-dumpxml foreign; virsh dumpxml stranger']), before);
    const named = (await mutatingCalls(lab)).filter(
      (argv) => argv.includes('foreign') || argv.includes('stranger'),
    );
    assert.deepEqual(named, []);
    await lab.must(['sh', '-c', 'rm /etc/k8slab.d/foreign.yaml /etc/k8slab.d/stranger.yaml']);
  });

  it('E08, R10: refuses a Node whose address another one has, which says so and stays Ready', async () => {
    const held = (await getObject(lab, 'node/waits'))?.status as { address?: string } | undefined;
    const calls = await mutations(lab);

    await applyManifests(lab, [
      ['waits.yaml', node('waits', '{image: late}', `{network: k8s-net, address: ${held?.address ?? ''}}`)],
      ['thief.yaml', node('thief', '{image: late}', `{network: k8s-net, address: ${held?.address ?? ''}}`)],
    ]);

    await failed('node/thief', 'Conflict', /waits/);
    const synced = await untilCondition(lab, ['node/waits', 'Synced'], ({ reason }) => reason === 'Conflict');
    assert.match(synced.message, /thief/);
    assert.match(await lab.must(['k8slab', 'get', 'node', 'waits']), /Ready,Conflict/);
    assert.equal(await mutations(lab), calls);
    assert.equal((await lab.exec(['ssh', '-o', 'BatchMode=yes', 'waits', 'true'])).code, 0);
    await lab.must(['rm', '/etc/k8slab.d/thief.yaml']);
    await ready('node/waits');
  });

  it('E39: refuses a MAC address that another domain has', async () => {
    await virshDefine(
      'define',
      "<domain type='qemu'><name>holder</name><memory>65536</memory><os><type>hvm</type></os><devices><interface type='network'><mac address='52:54:00:aa:bb:cc'/><source network='foreign'/></interface></devices></domain>",
    );

    await applyManifests(lab, [
      ['mac.yaml', node('mac', '{image: late}', '{network: k8s-net, mac: "52:54:00:AA:BB:CC"}')],
    ]);

    await failed('node/mac', 'MACInUse', /domain "holder"/);
    await lab.must(['rm', '/etc/k8slab.d/mac.yaml']);
  });

  it('says that virsh is missing, and goes on once it is there', async () => {
    await lab.must(['systemctl', 'stop', 'k8slabd']);
    await lab.must(['mv', '/usr/bin/virsh', '/usr/bin/virsh.away']);
    await startDaemon(lab);
    await failed('network/k8s-net', 'VirshMissing', /libvirt-clients/);

    await lab.must(['mv', '/usr/bin/virsh.away', '/usr/bin/virsh']);

    await allReady(lab, 150);
  });

  it('says which permission is missing when it may not talk to libvirt', async () => {
    await lab.must(['systemctl', 'stop', 'k8slabd']);
    const config = ['storage', 'state', 'runtime'].map((field) => `${field}: /srv/nobody/${field}`);
    const text = [
      ...config,
      'identity: /srv/nobody/id',
      'hostFiles: {hosts: "", inventory: "", sshConfig: ""}',
      '',
    ].join('\n');
    await lab.writeFile('/srv/nobody.yaml', text);
    await lab.must(['install', '-d', '-o', 'nobody', '/srv/nobody']);

    const command = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
    const { code, stderr } = await lab.exec([
      ...command,
      'k8slabd',
      '--config',
      '/srv/nobody.yaml',
      '--once',
      '--timeout',
      '8',
    ]);

    assert.equal(code, 1);
    assert.match(stderr, /Network\/k8s-net is not Ready: .*member of the group libvirt/);
  });
});

/** Breaks off its first answer in the middle; then serves ranges. */
const FLAKY_SERVER = `
import http.server, os
data = open('/srv/images/guest.qcow2', 'rb').read()
state = {'broken': False}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get('Range')
        start = int(asked.split('=')[1].rstrip('-')) if asked else 0
        body = data[start:]
        self.send_response(206 if asked else 200)
        self.send_header('ETag', '"one"')
        self.send_header('Accept-Ranges', 'bytes')
        if asked: self.send_header('Content-Range', 'bytes %d-%d/%d' % (start, len(data) - 1, len(data)))
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        broke = not state['broken']
        state['broken'] = True
        if broke: body = body[:len(body) // 2]
        self.wfile.write(body)
        with open('/run/flaky.log', 'a') as log: log.write('range=%s sent=%d %s\\n' % (asked, len(body), 'broke' if broke else 'whole'))
        self.close_connection = True
http.server.HTTPServer(('127.0.0.1', 8099), Handler).serve_forever()
`;

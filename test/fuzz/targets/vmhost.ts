import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecords } from '../../../src/api/vmhost/read.ts';
import { renderHosts } from '../../../src/api/vmhost/render.ts';
import { findChecksum } from '../../../src/api/image/checksums.ts';
import { parseHosts } from '../../../src/api/ipam/hosts-file.ts';
import { loadConfig } from '../../../src/daemon/config.ts';
import { openJournal } from '../../../src/daemon/journal.ts';
import { parseFirewall } from '../../../src/drivers/firewall.ts';
import { findImage } from '../../../src/drivers/images/keep.ts';
import { sniff } from '../../../src/drivers/images/magic.ts';
import { readImageInfo } from '../../../src/drivers/qcow2.ts';
import { parseRoutes, parseUplinks } from '../../../src/drivers/routes.ts';
import { takesPort53 } from '../../../src/drivers/vmhost/interfaces.ts';
import { parsePublicKeys } from '../../../src/drivers/vmhost/login-keys.ts';
import { parseMachine } from '../../../src/drivers/vmhost/machine.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { samplesIn } from '../corpus.ts';
import { reading, type Subject, type Target } from '../target.ts';

/** Between one file and the next. */
const NEXT = '=====\n';

export const hostTexts: Target = {
  name: 'host-files',
  words: [
    NEXT,
    '# BEGIN k8slab: this block is written by k8slabd, changes in it are lost\n',
    '# END k8slab\n',
    '[all:vars]\n',
    'Host ',
    '\n  HostName ',
    '\n  User ',
  ],
  maxBytes: 64 * 1024,
  share: 80,
  open: reading((text) => {
    const [hosts, inventory, sshConfig, knownHosts] = text.split(NEXT);
    readRecords({ hosts, inventory, sshConfig, knownHosts });
    parseHosts(text);
    const none = renderHosts(text, []);
    assert.equal(renderHosts(none, []), none, 'our block is taken out at once');
  }),
};

export const proc: Target = {
  name: 'proc',
  words: [
    NEXT,
    '-A LIBVIRT_FWO ',
    '-i virbr1 ',
    '-j ACCEPT\n',
    'ip saddr ',
    'masquerade',
    '00000000\t',
    'SHA256 (a) = ',
    'ssh-ed25519 AAAA',
  ],
  maxBytes: 64 * 1024,
  share: 60,
  open: reading((text) => {
    const [first = '', second = '', third = ''] = text.split(NEXT);
    parseFirewall(first, second, third);
    parseMachine(first, second);
    takesPort53([first, second]);
    findChecksum(text, 'debian.qcow2');
    for (const read of [parseRoutes, parseUplinks, parsePublicKeys]) read(text);
  }),
};

/** A file of each input, since that is what the product reads. */
async function inFile(name: string, read: (path: string, dir: string) => Promise<unknown>): Promise<Subject> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-fuzz-'));
  const path = join(dir, name);
  return {
    feed: async (input) => {
      await writeFile(path, input);
      await read(path, dir);
    },
    close: () => rm(dir, { recursive: true }),
  };
}

export const diskHeaders: Target = {
  name: 'qcow2',
  words: ['QFI\xfb', '\xe2\x79\x2a\xca', '/etc/shadow', 'json:{}', '\x1f\x8b', '\x28\xb5\x2f\xfd'],
  maxBytes: 16 * 1024,
  share: 15,
  open: () =>
    inFile('a.qcow2', async (path) => {
      const info = await readImageInfo(path, 'qcow2');
      assert.notEqual(info?.backing, '', 'a name, or none');
      await sniff(path);
    }),
};

export const config: Target = {
  name: 'config',
  samples: () => samplesIn('packaging', 'k8slabd.yaml'),
  words: [
    'hostFiles: ',
    'api: {listen: ""}\n',
    'listen: ',
    'constructor: ',
    '__proto__: ',
    '---\n',
    '&a ',
    '*a',
  ],
  maxBytes: 16 * 1024,
  share: 8,
  open: () => inFile('k8slabd.yaml', (path) => loadConfig(path, { mustExist: true })),
};

/** What the daemon itself wrote, before the disk lost some of it. */
export const state: Target = {
  name: 'state',
  words: ['{', '}', '[', ']', ',', '"objects": ', '"version": ', '"file": ', '"conditions": '],
  maxBytes: 64 * 1024,
  share: 8,
  open: () =>
    inFile('a.json', async (path, dir) => {
      await findImage(dir, 'a');
      const { readFile } = await import('node:fs/promises');
      const files = { readIfExists: () => readFile(path, 'utf8'), writeAtomic: () => Promise.resolve() };
      const journal = await openJournal({ path, files, clock: createFakeClock(0), log: silentLogger() });
      assert.ok(Number.isSafeInteger(journal.firstVersion), 'a version');
      journal.birth('Node', 'a');
    }),
};

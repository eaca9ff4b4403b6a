import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { clean, DIR, overlayArgv, prepare, seedArgv, timed } from './by-hand.ts';

/** The same work by a playbook with the modules of community.libvirt, as far as they can do it. */

/** In Debian's package "ansible", and what its modules need of Python. */
const PACKAGES = ['ansible', 'python3-libvirt', 'python3-lxml', 'libxslt1.1'];
const COLLECTION = './usr/lib/python3/dist-packages/ansible_collections/community/libvirt';
const SAMPLE = 20;

/** Seconds for so many Nodes, from a sample: the first run of the playbook, and one that finds all in order. */
export interface ByAnsible {
  readonly first: (nodes: number) => number;
  readonly again: (nodes: number) => number;
}

/** @returns undefined where Debian's packages cannot be had, or are for another release than the lab's */
export async function byAnsible(lab: Lab, report: (line: string) => void): Promise<ByAnsible | undefined> {
  try {
    return await measure(lab);
  } catch (error) {
    report(`without community.libvirt: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function measure(lab: Lab): Promise<ByAnsible> {
  await install(lab);
  await prepare(lab, SAMPLE);
  const play = (count: number): Promise<number> =>
    timed(lab, `cd ${DIR}; ansible-playbook -i localhost, -c local -e count=${count} play.yaml`);
  try {
    await lab.writeFile(`${DIR}/play.yaml`, PLAYBOOK);
    const [one, all, allAgain, oneAgain] = [
      await play(1),
      await play(SAMPLE),
      await play(SAMPLE),
      await play(1),
    ];
    return { first: scaled(one, all, SAMPLE - 1), again: scaled(oneAgain, allAgain, SAMPLE - 1) };
  } finally {
    await clean(lab);
  }
}

/** What a playbook costs before its first Node does not grow with them. */
function scaled(one: number, sample: number, added: number): (nodes: number) => number {
  return (nodes) => one + ((sample - one) / added) * (nodes - 1);
}

async function install(lab: Lab): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'k8slab-bench-'));
  try {
    execFileSync('apt-get', ['download', '-q', ...PACKAGES], { cwd: dir, stdio: 'ignore' });
    for (const file of readdirSync(dir)) {
      const deb = readFileSync(join(dir, file)).toString('base64');
      const unpack = file.startsWith('ansible_')
        ? `dpkg-deb --fsys-tarfile /tmp/bench.deb | tar -x -C / ${COLLECTION}`
        : 'dpkg --force-depends -i /tmp/bench.deb';
      const script = `base64 -d >/tmp/bench.deb && ${unpack}; status=$?; rm -f /tmp/bench.deb; exit $status`;
      await lab.must(['sh', '-c', script], { input: deb });
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const PLAYBOOK = `- hosts: all
  gather_facts: false
  tasks:
    - community.libvirt.virt_net:
        command: define
        name: by-hand
        xml: "{{ lookup('file', 'network.xml') }}"
    - command: ${overlayArgv('{{ item }}').join(' ')}
      args: { chdir: ${DIR}, creates: "${DIR}/{{ item }}.qcow2" }
      loop: "{{ range(count | int) }}"
    - command: ${seedArgv('{{ item }}').join(' ')}
      args: { chdir: ${DIR}, creates: "${DIR}/{{ item }}.iso" }
      loop: "{{ range(count | int) }}"
    - community.libvirt.virt:
        command: define
        xml: "{{ lookup('file', item ~ '.xml') }}"
      loop: "{{ range(count | int) }}"
`;

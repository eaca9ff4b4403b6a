import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createVirsh, VirshError, type Virsh } from '../../src/drivers/libvirt.ts';
import { TEST_URI } from '../drivers/virsh/support.ts';
import { DISK_DIR } from './conformance-domains.ts';
import { CLEAR, DOMAINS, NETWORKS, play, SCENARIOS, type Outcome, type RunCommand } from './conformance.ts';
import { createRaw } from './driver.ts';
import { createState } from './state.ts';
import { runVirsh } from './virsh.ts';

/** A new libvirt in memory. */
function double(): RunCommand {
  const raw = createRaw(createState(), { hasFile: (path) => path === `${DISK_DIR}/d.qcow2` });
  return (command) => {
    try {
      return Promise.resolve({ refused: false, printed: runVirsh(raw, command) });
    } catch (error) {
      return Promise.resolve(refusal(error));
    }
  };
}

function refusal(error: unknown): Outcome {
  if (error instanceof VirshError) return { refused: true, printed: error.message };
  throw error;
}

describe('the libvirt in memory', () => {
  for (const scenario of SCENARIOS) it(scenario.title, () => play(scenario, double()));
});

describe("libvirt's own test driver", () => {
  let dir = '';
  let virsh: Virsh;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'k8slab-conformance-'));
    virsh = createVirsh({ uri: TEST_URI, size: 1 });
  });
  after(async () => {
    await virsh.dispose();
    await rm(dir, { recursive: true });
  });
  const run: RunCommand = async ({ words, xml = '' }) => {
    const path = join(dir, 'given.xml');
    await writeFile(path, asTestDomain(xml));
    try {
      return {
        refused: false,
        printed: await virsh.call(words.map((word) => (word === 'XML' ? path : word))),
      };
    } catch (error) {
      return refusal(error);
    }
  };
  for (const scenario of SCENARIOS.filter(({ notByTestDriver }) => notByTestDriver !== true)) {
    it(scenario.title, async () => {
      for (const name of NETWORKS)
        for (const op of ['net-destroy', 'net-undefine']) await run({ words: [op, name] });
      for (const name of DOMAINS) for (const op of [['destroy'], CLEAR]) await run({ words: [...op, name] });
      await play(scenario, run);
    });
  }
});

/** The test driver runs domains of its own type alone. */
function asTestDomain(xml: string): string {
  return xml.replace("<domain type='qemu'>", "<domain type='test'>").replace(/<type [^>]*>hvm/, '<type>hvm');
}

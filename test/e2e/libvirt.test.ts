import { after, before, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { DISK_DIR } from '../libvirt/conformance-domains.ts';
import { CLEAR, DOMAINS, NETWORKS, play, SCENARIOS, type RunCommand } from '../libvirt/conformance.ts';
import { bootLab } from './bed.ts';

/** What the libvirt in memory of the unit tests is held to. */
describe('the real libvirt', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: 'e2e-libvirt' });
    await lab.must(['mkdir', '-p', DISK_DIR]);
    await lab.must(['qemu-img', 'create', '-q', '-f', 'qcow2', `${DISK_DIR}/d.qcow2`, '1M']);
  });
  after(() => lab.down());

  const run: RunCommand = async ({ words, xml = '' }) => {
    const argv = words.map((word) => (word === 'XML' ? '/run/given.xml' : word));
    const script = 'cat > /run/given.xml && LC_ALL=C exec virsh -q "$@"';
    const { code, stdout, stderr } = await lab.exec(['sh', '-c', script, 'virsh', ...argv], { input: xml });
    return { refused: code !== 0, printed: stdout + stderr };
  };
  async function clear(): Promise<void> {
    for (const name of DOMAINS) for (const op of [['destroy'], CLEAR]) await run({ words: [...op, name] });
    for (const name of NETWORKS)
      for (const op of ['net-destroy', 'net-undefine']) await run({ words: [op, name] });
  }

  for (const scenario of SCENARIOS) {
    it(scenario.title, async () => {
      await clear();
      await play(scenario, run);
    });
  }
});

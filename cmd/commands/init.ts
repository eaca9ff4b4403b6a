import type { Command } from 'commander';
import type { InitFlags } from '../../src/cli/init/ask.ts';

const EXAMPLES = `
Examples:
  k8slab init
  k8slab init --yes
  k8slab init --image debian-13 --masters 1 --workers 2 --load-balancer --network 192.168.111.0/24 --ssh-key ~/.ssh/id_ed25519.pub --yes
  k8slab init --dir ./first-lab --offline --yes

Images: debian-12, debian-13, ubuntu-24.04, ubuntu-26.04, fedora-44, centos-stream-9, centos-stream-10, rocky-9, rocky-10`;

export function addInit(program: Command): void {
  program
    .command('init')
    .description(
      'Write the manifests of a first lab that fits this machine; never over a file, needs no daemon',
    )
    .option('--image <NAME>', 'a cloud image of the catalogue below')
    .option('--masters <N>', 'how many masters')
    .option('--workers <N>', 'how many workers')
    .option('--load-balancer', 'a guest with HAProxy before the masters')
    .option('--no-load-balancer', 'none')
    .option('--network <CIDR>', 'addresses of the lab; a free block when left out')
    .option('--domain <NAME>', 'DNS domain of the lab (default: lab.internal)')
    .option('--uplink <INTERFACE>', 'forward through this interface only, or any')
    .option(
      '--ssh-key <FILE>',
      'file of public keys that may log in, or none; those in ~/.ssh or the agent when left out',
    )
    .option(
      '--memory <QUANTITY>',
      'memory of each master and worker; as much as the host can spare when left out',
    )
    .option('-d, --dir <DIR>', 'where the files go', '/etc/k8slab.d')
    .option('--offline', 'do not ask for checksums over https')
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: InitFlags) => {
      const { openTerminal } = await import('../../src/cli/init/terminal.ts');
      const { lookAround } = await import('../../src/cli/init/found.ts');
      const { init } = await import('../../src/cli/init/init.ts');
      const { nextSteps } = await import('../../src/cli/init/next-steps.ts');
      const { openLibvirt } = await import('../libvirt.ts');
      const terminal = openTerminal(flags);
      const libvirt = await openLibvirt();
      try {
        const found = await lookAround(libvirt);
        const written = await init(flags, {
          found,
          ask: terminal?.ask,
          tell: (line) => void process.stderr.write(`${line}\n`),
        });
        for (const path of written) process.stdout.write(`${path}\n`);
        process.stderr.write(written.length === 0 ? 'nothing was written\n' : nextSteps(flags.dir));
      } finally {
        terminal?.close();
        await libvirt.dispose();
      }
    });
}

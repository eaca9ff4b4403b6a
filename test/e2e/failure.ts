import { afterEach } from 'node:test';
import type { Vmhost } from '../lab/lab.ts';

const WHAT_IS = `k8slab get nodes; bridge link; ps -C qemu-system-x86_64 -o pid,stat,time,pcpu,wchan:24
for node in $(k8slab get nodes | awk 'NR > 1 && !/ True /{print $1}'); do
  echo "-- $node: $(virsh domstate --reason "$node")"
  virsh domiflist "$node"; virsh qemu-monitor-command --hmp "$node" 'info cpus'; virsh qemu-monitor-command --hmp "$node" 'info registers' | head -20
  k8slab logs "$node" --tail 40
done`;

/** Once a test has failed: the Nodes, and what those that are not Ready printed last on their consoles. A guest may hang by itself. */
export function tellOfGuestsOnFailure(lab: () => Vmhost | undefined): void {
  afterEach(async (context) => {
    if ((context as { readonly passed?: boolean }).passed !== false) return;
    const what = await lab()?.exec(['sh', '-c', WHAT_IS]);
    if (what !== undefined) console.log(`# after "${context.name}"\n${what.stdout}${what.stderr}`);
  });
}

/**
 * Waits for a guest that boots. One that is emulated hangs in its own boot now and then, and answers nothing more: what it is like is
 * told, and it is reset, as a person would.
 */
export async function upAgain(
  lab: Vmhost,
  name: string,
  ready: (seconds: number) => Promise<unknown>,
): Promise<void> {
  await ready(150).catch(async () => {
    console.log(`# ${name} hangs in its boot\n${(await lab.exec(['sh', '-c', WHAT_IS])).stdout}`);
    await lab.must(['virsh', 'reset', name]);
    await ready(240);
  });
}

import type { Lab } from '../../lab/lab.ts';

/** All that k8slab makes in a vmhost, and what it may leave behind. */
const SHOW = String.raw`
export LC_ALL=C
domains=$(virsh list --all --name | sort) networks=$(virsh net-list --all --name | sort)
for name in $domains; do
  echo "== domain $name"
  virsh -q "domstate $name; dumpxml $name --inactive"
  virsh dominfo $name | grep -E '^(Autostart|Persistent|Managed save)'
  for tap in $(virsh -q domiflist $name | awk '{print $1}'); do
    echo "link $(ip -o link show $tap 2>/dev/null | grep -oE 'master [^ ]+|state [A-Z]+' | tr '\n' ' ')"
  done
done
for name in $networks; do
  echo "== network $name"
  virsh net-info $name | grep -E '^(Active|Persistent|Autostart)'
  virsh -q "net-dumpxml $name --inactive; net-dumpxml $name"
done
echo '== links'
ip -o link show type bridge | awk '{print $2}' | sort
for file in /etc/hosts /etc/ansible/hosts /etc/ssh/ssh_config.d/k8slab.conf /var/lib/libvirt/dnsmasq/k8slab-*/hosts; do
  echo "== $file"
  cat $file
done
echo '== known_hosts'
cut -d' ' -f1 /var/lib/k8slab/known_hosts
echo '== files'
find /var/lib/libvirt/images/k8slab /var/lib/k8slab /var/lib/libvirt/dnsmasq/k8slab-* /etc/k8slab ! -name objects.json | sort
find /run/k8slab ! -type d | sort
find /etc /var/lib/libvirt /srv /tmp /var/tmp -name '*k8slab-tmp*' -o -name '.*.xml' | sort
`;

/** What differs between two runs that came to the same. */
const CHANCE: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID'],
  [/-[0-9a-f]{12}\.(?=iso|qcow2)/g, '-HASH.'],
  [/ssh-ed25519 [\w+/=]+/g, 'KEY'],
  [/ connections='\d+'/g, ''],
  // A disk that was made for a guest that was never defined counts as one of an earlier guest.
  [/ disk="reused"| disk='reused'/g, ''],
];

interface Shown {
  /** Lines that may differ. */
  readonly but?: RegExp | undefined;
  /** Shell that shows more. */
  readonly shows?: string | undefined;
}

/** Equal for two vmhosts that came to the same. */
export async function vmhostOf(lab: Lab, { but, shows = '' }: Shown): Promise<readonly string[]> {
  const shown = await lab.must(['bash', '-c', `${SHOW}\n${shows}`]);
  const plain = CHANCE.reduce((text, [pattern, instead]) => text.replace(pattern, instead), shown);
  return plain.split('\n').filter((line) => but === undefined || !but.test(line));
}

/** How often guests were started and ended, by guest. */
export async function feltOf(lab: Lab): Promise<ReadonlyMap<string, number>> {
  const script = `cd /var/log/libvirt/qemu && grep -HoE '(: starting|: shutting) (up|down)' *.log || true`;
  const counts = new Map<string, number>();
  for (const line of (await lab.must(['sh', '-c', script])).split('\n'))
    if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** What happened to guests between the two. */
export function moreFelt(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): string[] {
  return [...now]
    .map(([what, times]) => [what, times - (before.get(what) ?? 0)] as const)
    .filter(([, times]) => times > 0)
    .map(([what, times]) => `${what} ${times}`)
    .sort();
}

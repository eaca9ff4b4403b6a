/** What is done to a vmhost, and what its users see of it. */
export interface Disturbance {
  readonly what: string;
  /** Shell, run as root on the vmhost. */
  readonly begin: string;
  /** Left out: it is over by itself. */
  readonly end?: string;
  /** A condition that tells of it meanwhile. */
  readonly told?: { readonly of: string; readonly type: string; readonly as: RegExp };
  /** Calls that k8slab mends it by; left out: it changes nothing in libvirt. */
  readonly calls?: readonly string[];
  /** Another process of the daemon comes with it. */
  readonly restarts?: true;
  readonly always?: true;
}

/** The sessions of virsh end with it, and the next ones are this program. */
function insteadOfVirsh(script: string): string {
  const wrapper = `printf '%s\\n' '#!/bin/sh' ${script} >/usr/bin/virsh; chmod 755 /usr/bin/virsh`;
  return `mv /usr/bin/virsh /usr/bin/virsh.own; ${wrapper}; ${END_SESSIONS}`;
}

const END_SESSIONS = 'pkill -KILL -P "$(systemctl show -p MainPID --value k8slabd)"';
const OWN_VIRSH = `mv /usr/bin/virsh.own /usr/bin/virsh; ${END_SESSIONS}; pkill -KILL -x virsh.own || true`;
const DROP_IN = '/run/systemd/system/k8slabd.service.d';
const RESTART = 'systemctl daemon-reload; systemctl restart k8slabd';
const OWN_UNIT = `rm -r ${DROP_IN}; ${RESTART}`;

function dropIn(line: string): string {
  return `mkdir -p ${DROP_IN}; printf '[Service]\\n${line}\\n' >${DROP_IN}/other.conf; ${RESTART}`;
}

const MANIFESTS = '/etc/k8slab.d';
/** An edit of the Network that costs nobody anything, for sed. */
const RECORD = '$a\\  dns: { records: [{ address: 192.0.2.9, hostnames: [registry.example] }] }';
function untilRecord(not: '' | '!'): string {
  return `until ${not} virsh net-dumpxml --inactive k8s-net | grep -q registry; do sleep 1; done`;
}

/** Without an object, but for one. */
const TEN_THOUSAND = [
  `import os; os.makedirs('${MANIFESTS}/many')`,
  `[open(f'${MANIFESTS}/many/{n}.yaml', 'w').write('# Nothing yet.\\n') for n in range(10000)]`,
  `open('${MANIFESTS}/many/one.yaml', 'w').write('{apiVersion: k8slab.io/v1alpha1, kind: Image, metadata: {name: one}, spec: {source: /srv/none.qcow2}}')`,
].join('; ');
/** As Kubernetes mounts one. */
const AS_CONFIG_MAP = `cp -a ${MANIFESTS} /srv/manifests; cd ${MANIFESTS}; mkdir ..one; cp *.yaml ..one; ln -s ..one ..data; for name in *.yaml; do ln -s ..data/$name .link; mv -T .link $name; done`;

function swapTo(name: string, edit: string): string {
  return `cd ${MANIFESTS}; cp -rL ..data ..${name}; sed -i '${edit}' ..${name}/k8s-net.yaml; ln -s ..${name} ..new; mv -T ..new ..data`;
}

const UNREACHABLE = { of: 'vmhost/vmhost', type: 'Ready', as: /libvirt/i } as const;

export const DISTURBANCES: readonly Disturbance[] = [
  { what: 'libvirtd is restarted', begin: 'systemctl restart libvirtd' },
  { what: 'libvirtd is killed', begin: 'pkill -KILL -x libvirtd', always: true },
  {
    what: 'dnsmasq is killed',
    begin: 'kill -KILL "$(cat /run/libvirt/network/k8s-net.pid)"',
    calls: ['net-update', 'net-update'],
    always: true,
  },
  {
    what: 'libvirtd hangs',
    begin: 'pkill -STOP -x libvirtd',
    end: 'pkill -CONT -x libvirtd',
    told: UNREACHABLE,
  },
  {
    what: 'virsh warns whatever it does',
    begin: insteadOfVirsh(`'echo "warning: this is no error" >&2' 'exec /usr/bin/virsh.own "$@"'`),
    end: OWN_VIRSH,
  },
  {
    what: 'virsh never returns',
    begin: insteadOfVirsh(`'exec sleep 100000'`),
    end: `${OWN_VIRSH}; pkill -KILL -xf 'sleep 100000' || true`,
    told: UNREACHABLE,
  },
  {
    what: 'virsh prints half an XML',
    begin: insteadOfVirsh(`'/usr/bin/virsh.own "$@" | sed -u "/^.\\/domain.$/d"'`),
    end: OWN_VIRSH,
  },
  {
    what: 'the state directory is full',
    begin:
      'cp -a /var/lib/k8slab /root/state; mount -t tmpfs -o size=1m,mode=755 tmpfs /var/lib/k8slab; cp -a /root/state/. /var/lib/k8slab; dd if=/dev/zero of=/var/lib/k8slab/ballast bs=4k 2>/dev/null; systemctl reload k8slabd',
    end: 'umount /var/lib/k8slab; rm -r /root/state',
  },
  {
    what: '/etc/hosts cannot be written',
    begin: `sed -i /master01/d /etc/hosts; ${dropIn('ReadOnlyPaths=/etc/hosts')}`,
    end: OWN_UNIT,
    restarts: true,
    told: { of: 'vmhost/vmhost', type: 'Ready', as: /\/etc\/hosts/ },
  },
  {
    // Nothing is asked of a guest that is Ready but whether it takes connections.
    what: 'the SSH server of a guest hangs',
    begin: `timeout 5 ssh worker00 'sudo sh -c "(sleep 30; killall -CONT dropbear) >/dev/null 2>&1 & killall -STOP dropbear"'; true`,
    end: 'until timeout 5 ssh worker00 true; do :; done',
  },
  {
    what: 'a manifest of 10 MiB comes',
    begin: `head -c 10485760 /dev/zero | tr '\\0' '#' >${MANIFESTS}/huge.yaml`,
    end: `rm ${MANIFESTS}/huge.yaml`,
    told: { of: 'vmhost/vmhost', type: 'ManifestsInvalid', as: /huge\.yaml.*1048576 bytes/ },
  },
  {
    what: '10,000 manifests come and go',
    begin: `python3 -c "${TEN_THOUSAND}"`,
    end: `rm -r ${MANIFESTS}/many`,
    told: { of: 'image/one', type: 'Ready', as: /\/srv\/none\.qcow2/ },
  },
  {
    what: 'an empty file system is mounted on the directory of manifests',
    begin: `mount -t tmpfs -o mode=755 tmpfs ${MANIFESTS}`,
    end: `umount ${MANIFESTS}`,
    told: { of: 'vmhost/vmhost', type: 'RemovalsHeld', as: /node\/master00/ },
  },
  {
    what: 'the directory of manifests becomes links into one that is swapped by a link',
    begin: `${AS_CONFIG_MAP}; ${swapTo('two', RECORD)}; ${untilRecord('')}`,
    end: `${swapTo('three', '/records/d')}; ${untilRecord('!')}; for name in *.yaml; do cp /srv/manifests/$name .own; mv -T .own $name; done; rm -r ..?* /srv/manifests`,
    calls: ['net-define', 'net-define'],
  },
  {
    what: 'inotify is used up',
    begin: `echo "import fs from 'node:fs'; fs.watch = () => { throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' }); };" >/srv/deaf.mjs; ${dropIn('Environment=NODE_OPTIONS=--import=/srv/deaf.mjs')}; sed -i '${RECORD}' ${MANIFESTS}/k8s-net.yaml; ${untilRecord('')}`,
    end: `sed -i '/records/d' ${MANIFESTS}/k8s-net.yaml; ${untilRecord('!')}; ${OWN_UNIT}`,
    restarts: true,
  },
];

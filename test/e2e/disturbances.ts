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

/** A file system of its own on the directory, with what was there, and full. */
function filledUp(path: string, size: string): string {
  return `cp -a ${path} /root/own; mount -t tmpfs -o size=${size},mode=755 tmpfs ${path}; cp -a /root/own/. ${path}; dd if=/dev/zero of=${path}/ballast bs=4k 2>/dev/null`;
}

function emptied(path: string): string {
  return `umount -l ${path}; rm -r /root/own`;
}

/** What libvirt's package does when it is upgraded: other files of that name, and the daemon started anew. */
const UPGRADE = [
  'for file in /usr/sbin/libvirtd /usr/bin/virsh; do cp -a $file $file.new; mv $file.new $file; done',
  'systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd',
  'systemctl daemon-reload',
].join('; ');

/** The daemon's clock is off by what /srv/offset says (ms). */
const CLOCK = `import fs from 'node:fs';
const Own = Date;
const now = () => Own.now() + (fs.existsSync('/srv/offset') ? Number(fs.readFileSync('/srv/offset', 'utf8')) : 0);
globalThis.Date = class extends Own {
  constructor(...given) {
    super(...(given.length === 0 ? [now()] : given));
  }
  static now() {
    return now();
  }
};`;
const DAY_MS = 86_400_000;

function recorded(isThere: boolean): string {
  const edit = isThere ? RECORD : '/records/d';
  return `sed -i '${edit}' ${MANIFESTS}/k8s-net.yaml; ${untilRecord(isThere ? '' : '!')}`;
}

/** Each in a file of its own. */
const BAD_MANIFESTS = [
  `printf 'a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\n' >bomb.yaml`,
  `printf 'kind: Image\\nkind: Node\\n' >twice.yaml`,
  `printf 'kind: !!js/function "x"\\n' >tag.yaml`,
  'head -c 4096 /dev/urandom >random.yaml',
  'iconv -t UTF-16 master00.yaml >utf16.yaml',
].join('; ');

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
    begin: `${filledUp('/var/lib/k8slab', '1m')}; systemctl reload k8slabd`,
    end: emptied('/var/lib/k8slab'),
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
    begin: `echo "import fs from 'node:fs'; fs.watch = () => { throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' }); };" >/srv/deaf.mjs; ${dropIn('Environment=NODE_OPTIONS=--import=/srv/deaf.mjs')}; ${recorded(true)}`,
    end: `${recorded(false)}; ${OWN_UNIT}`,
    restarts: true,
  },
  {
    what: 'libvirt is replaced by an upgrade',
    begin: UPGRADE,
    end: 'systemctl start libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd',
    told: UNREACHABLE,
  },
  {
    what: 'the file system of /etc/hosts is full',
    begin: `sed -i /master01/d /etc/hosts; ${filledUp('/etc', '16m')}; systemctl restart k8slabd`,
    end: `${emptied('/etc')}; ${RESTART}`,
    restarts: true,
    told: { of: 'vmhost/vmhost', type: 'Ready', as: /\/etc\/hosts.*(ENOSPC|no space)/i },
  },
  {
    what: "the file system of dnsmasq's files is full",
    begin: `${filledUp('/var/lib/libvirt/dnsmasq', '1m')}; sed -i '${RECORD}' ${MANIFESTS}/k8s-net.yaml`,
    end: `${emptied('/var/lib/libvirt/dnsmasq')}; ${untilRecord('')}; ${recorded(false)}`,
    told: { of: 'network/k8s-net', type: 'Ready', as: /ENOSPC|no space/i },
    calls: ['net-define', 'net-define'],
  },
  {
    what: '/etc is read-only',
    begin: `sed -i /master01/d /etc/hosts /etc/ansible/hosts; ${dropIn('ReadWritePaths=\\nReadOnlyPaths=/etc')}`,
    end: OWN_UNIT,
    restarts: true,
    told: { of: 'vmhost/vmhost', type: 'Ready', as: /\/etc\/hosts/ },
  },
  {
    what: 'the clock jumps a day ahead, and two days back',
    begin: `cat >/srv/clock.mjs <<'END'\n${CLOCK}\nEND\n${dropIn('Environment=NODE_OPTIONS=--import=/srv/clock.mjs')}; echo ${DAY_MS} >/srv/offset; ${recorded(true)}; echo ${-DAY_MS} >/srv/offset; ${recorded(false)}`,
    end: `rm /srv/offset; ${OWN_UNIT}`,
    restarts: true,
  },
  {
    what: 'manifests come that are a bomb, binary, or of another encoding',
    begin: `cd ${MANIFESTS}; ${BAD_MANIFESTS}`,
    end: `cd ${MANIFESTS}; rm bomb.yaml twice.yaml tag.yaml random.yaml utf16.yaml`,
    told: { of: 'vmhost/vmhost', type: 'ManifestsInvalid', as: /bomb\.yaml/ },
  },
  {
    what: 'anybody may write a manifest',
    begin: `chmod 666 ${MANIFESTS}/master01.yaml; sed -i s/192.168.111.135/192.168.111.77/ ${MANIFESTS}/master01.yaml`,
    end: `sed -i s/192.168.111.77/192.168.111.135/ ${MANIFESTS}/master01.yaml; chmod 644 ${MANIFESTS}/master01.yaml`,
    told: { of: 'vmhost/vmhost', type: 'ManifestsInvalid', as: /master01\.yaml.*chmod/ },
  },
  {
    what: 'the directory of manifests belongs to somebody else',
    begin: `chown nobody ${MANIFESTS}; systemctl reload k8slabd`,
    end: `chown root ${MANIFESTS}`,
    told: { of: 'vmhost/vmhost', type: 'ManifestsUnread', as: /\/etc\/k8slab\.d.*chown/ },
  },
  {
    what: 'a manifest becomes a link out of the directory, and its folder a git checkout',
    begin: `cd ${MANIFESTS}; mkdir -p .git /srv/elsewhere; cp *.yaml .git; mv master01.yaml /srv/elsewhere; ln -s /srv/elsewhere/master01.yaml .; ${recorded(true)}`,
    end: `cd ${MANIFESTS}; cp /srv/elsewhere/master01.yaml .own; mv -T .own master01.yaml; rm -r .git /srv/elsewhere; ${recorded(false)}`,
    calls: ['net-define', 'net-define'],
  },
];

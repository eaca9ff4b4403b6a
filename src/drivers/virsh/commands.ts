/** virsh commands that change nothing, of those that k8slab and people who debug it use. */
const READ_ONLY: ReadonlySet<string> = new Set([
  'backup-dumpxml',
  'blockjob',
  'capabilities',
  'checkpoint-list',
  'domblkinfo',
  'domblklist',
  'domblkstat',
  'domcapabilities',
  'domdisplay',
  'domfsinfo',
  'domhostname',
  'domid',
  'domifaddr',
  'domiflist',
  'dominfo',
  'domjobinfo',
  'domname',
  'domstate',
  'domstats',
  'domuuid',
  'dumpxml',
  'echo',
  'event',
  'freecell',
  'help',
  'hostname',
  'list',
  'maxvcpus',
  'net-dhcp-leases',
  'net-dumpxml',
  'net-event',
  'net-info',
  'net-list',
  'net-name',
  'net-port-dumpxml',
  'net-port-list',
  'net-uuid',
  'nodecpustats',
  'nodeinfo',
  'nodememstats',
  'pool-dumpxml',
  'pool-info',
  'pool-list',
  'snapshot-list',
  'sysinfo',
  'uri',
  'version',
  'vol-dumpxml',
  'vol-info',
  'vol-list',
]);

/** The commands that the drivers call. */
export const VIRSH_OPS = [
  'autostart',
  'backup-begin',
  'blockresize',
  'capabilities',
  'checkpoint-list',
  'define',
  'destroy',
  'domif-setlink',
  'dominfo',
  'domjobabort',
  'domjobinfo',
  'domstate',
  'domstats',
  'dumpxml',
  'list',
  'net-autostart',
  'net-define',
  'net-destroy',
  'net-dumpxml',
  'net-info',
  'net-list',
  'net-start',
  'net-undefine',
  'net-update',
  'reboot',
  'shutdown',
  'start',
  'undefine',
  'version',
] as const;

/** Where libvirt is modular another daemon answers these: virtnetworkd. */
export function isAboutNetworks([op = '']: readonly string[]): boolean {
  return op.startsWith('net-');
}

/** True unless the command is known to change nothing. */
export function isMutating(argv: readonly string[]): boolean {
  const [op = '', ...args] = argv;
  if (op === 'blockjob') return !args.includes('--info');
  return !READ_ONLY.has(op);
}

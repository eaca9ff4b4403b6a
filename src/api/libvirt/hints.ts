/** Both sorts of libvirt's daemons, of which a vmhost has one. */
const STATUS = 'systemctl status libvirtd virtqemud virtnetworkd';

/** Of a call that libvirt does not answer. */
export const HANGS_HINT = `does libvirt hang? ${STATUS}`;
/** Of work that goes on no more. */
export const SILENT_HINT = `does libvirt answer? k8slab get vmhost; ${STATUS}`;

/** The daemon's configuration, where it exists. */
export const DEFAULT_CONFIG_PATH = '/etc/k8slab/k8slabd.yaml';

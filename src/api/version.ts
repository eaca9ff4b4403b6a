import manifest from '../../package.json' with { type: 'json' };

/** The version of k8slab, as package.json has it. */
export const { version } = manifest;

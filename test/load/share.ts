/** `npm run test:load` takes all the time that it wants; `npm run unit` a few seconds of it. */
export const full = process.env['K8SLAB_LOAD'] === 'full';

const { K8SLAB_SEED: given } = process.env;

/** The same each time but for `npm run test:load`; K8SLAB_SEED: that of an earlier run. */
export const seed = given === undefined ? (full ? Date.now() % 1_000_000 : 1) : Number(given);

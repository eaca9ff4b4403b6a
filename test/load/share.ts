/** `npm run test:load` takes all the time that it wants; `npm run unit` a few seconds of it. */
export const full = process.env['K8SLAB_LOAD'] === 'full';

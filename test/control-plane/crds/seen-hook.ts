/** Loaded before tests: keeps every text that they hand to the parser of manifests, as a line of JSON. */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const PARSER = '/src/api/manifest/parse.ts';
const ENTRY = /export function\* parseSteps\(file: string, text: string[^{]*\{/;
const path = process.env['K8SLAB_SEEN'];

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(PARSER)) return loaded;
    const source = Buffer.from((loaded.source ?? '') as string).toString();
    if (!ENTRY.test(source)) throw new Error(`cannot watch ${PARSER}: it begins to parse elsewhere`);
    return { ...loaded, source: source.replace(ENTRY, '$& globalThis.k8slabSeen(text);') };
  },
});

Object.assign(globalThis, {
  k8slabSeen: (text: string) => {
    if (path !== undefined) appendFileSync(path, `${JSON.stringify(text)}\n`);
  },
});

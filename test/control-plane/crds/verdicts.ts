import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { formatError } from '../../../src/api/manifest/format.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import { API_VERSION } from '../../../src/api/meta.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { Manifest } from './mutations.ts';

/** What is wrong with a manifest; undefined: nothing. */
export type Verdict = string | undefined;

export interface Server {
  verdict(manifest: Manifest): Promise<Verdict>;
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

/** What the API server says when it is asked to make an object, as `kubectl apply` asks; it makes none. */
export function serverOf(plane: ControlPlane): Server {
  const { url, authority } = plane;
  const dispatcher = new Agent({ connect: { ca: authority.pem } });
  const { users } = JSON.parse(readFileSync(plane.kubeconfig(), 'utf8')) as Kubeconfig;
  const headers = { authorization: `Bearer ${users[0].user.token}`, 'content-type': 'application/json' };
  return {
    async verdict(manifest) {
      const path = `/apis/${API_VERSION}/${manifest.kind.toLowerCase()}s?dryRun=All&fieldValidation=Strict`;
      const body = JSON.stringify(manifest);
      const answer = await request(`${url}${path}`, { method: 'POST', dispatcher, headers, body });
      const { message } = (await answer.body.json()) as { readonly message?: string };
      return answer.statusCode < 300 ? undefined : (message ?? String(answer.statusCode));
    },
    close: () => dispatcher.close(),
  };
}

/** What `k8slab validate` says. */
export function ownVerdict(manifest: Manifest): Verdict {
  const { errors } = parseManifest('f', JSON.stringify(manifest));
  return errors.length === 0 ? undefined : errors.map(formatError).join('; ');
}

import { stat } from 'node:fs/promises';
import { reasonOf, toError } from '../../api/errors.ts';
import { askForImage } from '../../drivers/images/ask.ts';
import { errnoOf, isMissing } from '../../drivers/io-errors.ts';
import { readSecret } from '../../drivers/secrets.ts';
import { problemOf, type Unknown } from './check.ts';
import type { Demand } from './demand.ts';
import type { Facts, SourceFact } from './facts.ts';

/** Whether the sources of images are there. Servers are asked only when that was wished for. */
export function lookAtSources(images: Demand['images'], online: boolean): Promise<SourceFact[]> {
  return Promise.all(
    images.map(async ({ name, source }) => {
      const problem = source.startsWith('/') ? await fileProblem(source) : await urlProblem(source, online);
      return { name, source, ...(problem === undefined ? {} : { problem }) };
    }),
  );
}

async function fileProblem(path: string): Promise<string | Unknown | undefined> {
  try {
    return (await stat(path)).isFile() ? undefined : `${path} is no file`;
  } catch (error) {
    if (isMissing(error)) return `there is no ${path}`;
    if (errnoOf(error) === 'EACCES') return { unknown: `you may not look at ${path}` };
    return toError(error).message;
  }
}

function urlProblem(source: string, online: boolean): Promise<string | Unknown | undefined> {
  if (online) return askForImage(source);
  return Promise.resolve({ unknown: 'not asked, which --online does' });
}

/** Whether the daemon will take the files of passwords. */
export function lookAtSecrets(secrets: Demand['secrets']): Promise<Facts['secrets']> {
  return Promise.all(
    secrets.map(async ({ name, path }) => {
      try {
        await readSecret(path);
        return { name };
      } catch (error) {
        const unseen = reasonOf(error) === 'PermissionDenied' && process.getuid?.() !== 0;
        return { name, problem: unseen ? { unknown: `only root may look at ${path}` } : problemOf(error) };
      }
    }),
  );
}

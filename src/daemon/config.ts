import { parse } from 'yaml';
import type { z } from 'zod';
import { daemonConfig, type DaemonConfig } from '../api/daemon-config.ts';
import { ReasonedError, toError } from '../api/errors.ts';
import { readIfExists } from '../drivers/files.ts';

/**
 * The daemon's configuration; a missing file means the defaults unless it was asked for by name.
 * @throws ReasonedError InvalidConfig naming the file and the field
 */
export async function loadConfig(path: string, options: { mustExist: boolean }): Promise<DaemonConfig> {
  const text = await readIfExists(path);
  if (text === undefined && options.mustExist) {
    throw new ReasonedError('InvalidConfig', `cannot read configuration "${path}": there is no such file`);
  }
  const result = daemonConfig.safeParse(parseYaml(path, text ?? ''));
  if (result.success) return result.data;
  throw new ReasonedError('InvalidConfig', `cannot read configuration "${path}": ${describe(result.error)}`);
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (error) {
    const why = toError(error).message.split('\n')[0] ?? '';
    throw new ReasonedError('InvalidConfig', `cannot read configuration "${path}": ${why}`, { cause: error });
  }
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`)
    .join('; ');
}

import { explainError, ReasonedError } from '../../api/errors.ts';
import { CATALOGUE, DEFAULT_IMAGE, findImage } from './catalogue.ts';
import type { Found } from './found.ts';
import { publicKeys } from './public-keys.ts';
import { clashOf, freeNetwork, type Taken } from './sizes.ts';
import { networkSpec } from '../../api/network/spec.ts';

/** What was said on the command line; all of it may be left out. */
export interface InitFlags {
  readonly image?: string;
  readonly masters?: string;
  readonly workers?: string;
  readonly loadBalancer?: boolean;
  readonly network?: string;
  readonly domain?: string;
  readonly uplink?: string;
  readonly sshKey?: string;
  readonly memory?: string;
  readonly dir: string;
  readonly offline?: boolean;
  readonly yes?: boolean;
}

/** Answers, checked each for itself. */
export interface Answers {
  readonly image: string;
  readonly masters: number;
  readonly workers: number;
  readonly loadBalancer: boolean;
  readonly network: string;
  /** '' for whichever interface the route takes. */
  readonly uplink: string;
  /** Public ssh keys that may log in. */
  readonly authorizedKeys: readonly string[];
}

/** Asks a person one line; undefined where nobody is there to be asked. */
export type Ask = ((question: string) => Promise<string>) | undefined;

interface Question<T> {
  readonly text: string;
  readonly flag: string | undefined;
  readonly fallback: string;
  readonly read: (answer: string) => T | Promise<T>;
}

const MOST_NODES = 20;

/**
 * Takes each answer from the flags, else from the person, else the usual one. A wrong answer of a person is asked for
 * again; a wrong flag ends it.
 * @throws ReasonedError what is wrong with a flag
 */
export async function collectAnswers(
  flags: InitFlags,
  found: Found,
  ask: Ask,
  tell: (line: string) => void,
): Promise<Answers> {
  const answer = <T>(question: Question<T>): Promise<T> => answerTo(question, ask, tell);
  const image = await answer({
    text: `Image (${CATALOGUE.map(({ id }) => id).join(', ')})`,
    flag: flags.image,
    fallback: DEFAULT_IMAGE,
    read: (text) => findImage(text).id,
  });
  const masters = await answer({
    text: 'Masters',
    flag: flags.masters,
    fallback: '1',
    read: (text) => count(text, 1),
  });
  const workers = await answer({
    text: 'Workers',
    flag: flags.workers,
    fallback: '2',
    read: (text) => count(text, 0),
  });
  const loadBalancer = await answer({
    text: 'A load balancer before the masters (yes, no)',
    flag: flags.loadBalancer === undefined ? undefined : flags.loadBalancer ? 'yes' : 'no',
    fallback: masters > 1 ? 'yes' : 'no',
    read: yesOrNo,
  });
  const network = await answer({
    text: 'Network',
    flag: flags.network,
    fallback: freeNetwork(found.taken) ?? '',
    read: (text) => freeBlock(text, found.taken),
  });
  const uplink = await answer({
    text: `Uplink (any${found.uplinks.map((name) => `, ${name}`).join('')})`,
    flag: flags.uplink,
    fallback: 'any',
    read: interfaceOrAny,
  });
  const [key] = found.keys;
  const authorizedKeys = await answer({
    text: `Public ssh key that may log in (a file, or none)`,
    flag: flags.sshKey,
    fallback: key?.from === 'ssh-agent' ? key.key : (key?.from ?? 'none'),
    read: publicKeys,
  });
  return { image, masters, workers, loadBalancer, network, uplink, authorizedKeys };
}

/** @throws ReasonedError what is wrong with a flag */
export async function answerTo<T>(
  { text, flag, fallback, read }: Question<T>,
  ask: Ask,
  tell: (line: string) => void,
): Promise<T> {
  if (flag !== undefined) return read(flag.trim());
  if (ask === undefined) return read(fallback);
  for (;;) {
    const said = (await ask(`${text} [${fallback}]: `)).trim();
    try {
      return await read(said === '' ? fallback : said);
    } catch (error) {
      if (!(error instanceof ReasonedError)) throw error;
      tell(explainError(error));
    }
  }
}

function count(text: string, least: number): number {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) >= least && Number(text) <= MOST_NODES) return Number(text);
  throw wrong('number of Nodes', text, `a number from ${least} to ${MOST_NODES} is meant`);
}

/** @throws ReasonedError BadAnswer */
export function yesOrNo(text: string): boolean {
  if (/^y(es)?$/i.test(text)) return true;
  if (/^no?$/i.test(text)) return false;
  throw wrong('answer', text, 'yes or no is meant');
}

function freeBlock(text: string, taken: Taken): string {
  const cidr = networkSpec.shape.cidr.safeParse(text);
  if (!cidr.success) throw wrong('network', text, cidr.error.issues[0]?.message ?? 'it is no network');
  const clash = clashOf(text, taken);
  if (clash === undefined) return text;
  throw wrong('network', text, clash);
}

function interfaceOrAny(text: string): string {
  if (text === 'any' || text === '') return '';
  if (/^[A-Za-z0-9_.-]{1,15}$/.test(text)) return text;
  throw wrong('uplink', text, 'the name of an interface is meant, as `ip link` lists them, or any');
}

function wrong(what: string, text: string, why: string): ReasonedError {
  return new ReasonedError('BadAnswer', `cannot take ${what} "${text}": ${why}`);
}

import { ReasonedError } from '../api/errors.ts';
import { objectWord, type Condition, type Kind } from '../api/meta.ts';
import type { WatchingClient } from './client.ts';
import { parseDuration } from './duration.ts';
import { follow, type Followed, type Waits } from './watch.ts';
import { JSON_FORM, readListing, type AnyObject } from './listing.ts';
import { listQuery, parseSelection, refuseBoth, type Resource, type Selectors } from './selection.ts';

export interface WaitFlags extends Selectors {
  readonly for: string;
  readonly timeout: string;
  readonly all?: boolean;
  /** `name`: the names alone. */
  readonly output?: string;
}

export interface WaitScene extends Waits {
  print(text: string): void;
  /** Aborted after so many milliseconds. */
  deadline(ms: number): AbortSignal;
}

/** What is waited for, of one object; undefined where there is none. @returns whether it is so */
type Goal = (object: AnyObject | undefined) => boolean;

const WEEK_MS = 7 * 24 * 3_600_000;

interface Target {
  readonly resource: Resource;
  readonly name: string;
}

/**
 * Waits until each object is as `--for` says, and prints a line for each that is. Longer than the timeout is an error
 * that names those which are not; 0 looks once, less waits for a week.
 * @throws ReasonedError NotFound for an object that is not there, unless that is what is waited for
 */
export async function wait(
  client: WatchingClient,
  args: readonly string[],
  flags: WaitFlags,
  scene: WaitScene,
): Promise<void> {
  const asked = parseDuration(flags.timeout);
  const goal = await parseGoal(flags.for);
  const targets = await targetsOf(client, args, flags);
  const ms = asked < 0 ? WEEK_MS : asked;
  const signal = scene.deadline(ms);
  const mayLack = ['delete', 'create'].includes(flags.for.toLowerCase());
  const outcomes = await Promise.all(
    [...Map.groupBy(targets, ({ resource }) => resource)].map(([resource, some]) =>
      waitForKind(
        client,
        { resource, names: some.map(({ name }) => name), goal, signal, once: ms === 0, mayLack },
        {
          ...scene,
          print: (name) => scene.print(line(resource, name, flags)),
        },
      ),
    ),
  );
  const failed = outcomes.flat();
  if (failed.length > 0) throw new ReasonedError('TimedOut', failed.map(({ why }) => why).join('\nk8slab: '));
}

function line(resource: Resource, name: string, { output }: WaitFlags): string {
  const word = objectWord({ kind: resource.kind as Kind, name });
  return output === 'name' ? `${word}\n` : `${word} condition met\n`;
}

async function targetsOf(
  client: WatchingClient,
  args: readonly string[],
  flags: WaitFlags,
): Promise<Target[]> {
  if (args.length === 0)
    throw new ReasonedError('BadArgument', 'cannot wait: nothing says for what', {
      hint: 'such as k8slab wait node/master00 --for=condition=Ready',
    });
  const selections = parseSelection(args, 'wait for');
  refuseBoth(selections, flags);
  const selects = flags.all === true || flags.selector !== undefined || flags.fieldSelector !== undefined;
  const found = await Promise.all(
    selections.map(async ({ resource, name }): Promise<Target[]> => {
      if (name !== undefined) return [{ resource, name }];
      if (!selects)
        throw new ReasonedError('BadArgument', `cannot wait for ${resource.plural}: nothing says for which`, {
          hint: 'name them, select them by -l, or give --all',
        });
      const { items } = readListing(await client.get(`${resource.path}${listQuery(flags)}`, JSON_FORM));
      return items.map(({ metadata }) => ({ resource, name: metadata.name }));
    }),
  );
  const targets = found.flat();
  if (targets.length === 0 && flags.for.toLowerCase() !== 'delete')
    throw new ReasonedError('NotFound', 'no matching resources found');
  return targets;
}

interface KindWait {
  readonly resource: Resource;
  readonly names: readonly string[];
  readonly goal: Goal;
  readonly signal: AbortSignal;
  /** Looks once. */
  readonly once: boolean;
  /** That an object is not there is no error. */
  readonly mayLack: boolean;
}

/** @returns those that did not come about */
async function waitForKind(
  client: WatchingClient,
  asked: KindWait,
  scene: WaitScene,
): Promise<{ readonly why: string }[]> {
  const { resource, names, goal, signal, mayLack } = asked;
  const open = new Set(names);
  const done = new AbortController();
  const failed: { why: string }[] = [];
  const options = {
    resource,
    selectors: names.length === 1 ? { fieldSelector: `metadata.name=${names.join('')}` } : {},
    accept: JSON_FORM,
    signal: AbortSignal.any([signal, done.signal]),
    sleep: (ms: number, stop?: AbortSignal) => scene.sleep(ms, stop),
    warn: (text: string) => scene.warn(text),
  };
  function settle(name: string, object: AnyObject | undefined): void {
    if (!open.has(name) || !goal(object)) return;
    open.delete(name);
    scene.print(name);
  }
  for await (const change of follow(client, options)) {
    if (change.type === 'LISTED') {
      const listed = new Map(change.items.map((item) => [item.metadata.name, item.object]));
      for (const name of [...open]) {
        if (listed.has(name) || mayLack) settle(name, listed.get(name));
        else {
          open.delete(name);
          failed.push({ why: `${resource.plural} "${name}" not found` });
        }
      }
    } else settle(change.item.metadata.name, objectOf(change));
    if (open.size === 0 || asked.once) break;
  }
  done.abort();
  const late = [...open].map((name) => ({
    why: `timed out waiting for the condition on ${resource.plural}/${name}`,
  }));
  return [...failed, ...late];
}

function objectOf(change: Exclude<Followed, { type: 'LISTED' }>): AnyObject | undefined {
  return change.type === 'DELETED' ? undefined : change.item.object;
}

/** `condition=Ready`, `condition=Ready=False`, `delete`, `create`, `jsonpath={.status.address}=192.168.111.2`. */
async function parseGoal(text: string): Promise<Goal> {
  const lower = text.toLowerCase();
  if (lower === 'delete') return (object) => object === undefined;
  if (lower === 'create') return (object) => object !== undefined;
  if (lower.startsWith('condition=')) return conditionGoal(text.slice('condition='.length));
  if (lower.startsWith('jsonpath=')) return jsonpathGoal(text.slice('jsonpath='.length));
  throw new ReasonedError('BadArgument', `cannot wait for "${text}": unrecognized condition`, {
    hint: 'condition=TYPE[=STATUS], delete, create or jsonpath={PATH}[=VALUE]',
  });
}

/** A condition of an older generation than the manifest says nothing of what is asked for now. */
function conditionGoal(text: string): Goal {
  const at = text.indexOf('=');
  const type = (at === -1 ? text : text.slice(0, at)).toLowerCase();
  const wanted = (at === -1 ? 'True' : text.slice(at + 1)).toLowerCase();
  return (object) => {
    const status = object?.['status'] as
      { conditions?: readonly Condition[]; observedGeneration?: number } | undefined;
    const found = status?.conditions?.find((each) => each.type.toLowerCase() === type);
    if (object === undefined || found === undefined || found.status.toLowerCase() !== wanted) return false;
    const observed = found.observedGeneration ?? status?.observedGeneration;
    return observed === undefined || observed >= object.metadata.generation;
  };
}

async function jsonpathGoal(text: string): Promise<Goal> {
  const { parseRelaxedPath } = await import('./jsonpath/parse.ts');
  const { findValues, textOf } = await import('./jsonpath/evaluate.ts');
  const [, path = '', value] = /^(\{.*?\}(?=$|=)|[^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const wanted = value?.replace(/^(['"])(.*)\1$/s, '$2');
  const parsed = parseRelaxedPath(path);
  return (object) => {
    const [found, ...more] = object === undefined ? [] : findValues(parsed, object);
    if (more.length > 0)
      throw new ReasonedError('BadArgument', `cannot wait for "${path}": it finds more than one value`);
    if (found === undefined || found === null) return false;
    return wanted === undefined ? textOf(found) !== '' : textOf(found) === wanted;
  };
}

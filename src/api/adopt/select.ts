import { ReasonedError } from '../errors.ts';
import { KINDS } from '../kinds/list.ts';
import { nearest } from '../nearest.ts';
import type { FoundDomain, FoundNetwork, FoundWorld, Skipped } from './world.ts';

export interface Selected {
  readonly networks: readonly FoundNetwork[];
  readonly domains: readonly FoundDomain[];
  readonly skipped: readonly Skipped[];
}

/**
 * What the words of the command line mean: `NAME`, `network/NAME`, `domain/NAME`; none: all that is not k8slab's.
 * @throws ReasonedError NotFound, BadArgument, AlreadyManaged
 */
export function select(world: FoundWorld, words: readonly string[]): Selected {
  if (words.length === 0) return selectAll(world);
  const references = words.flatMap((word) => resolve(world, word));
  const has = (what: string): boolean => references.includes(what);
  const networks = world.networks.filter(({ name }) => has(`network/${name}`));
  const domains = world.domains.filter(({ name }) => has(`domain/${name}`));
  for (const { name, config } of [...networks, ...domains]) {
    if (config.model.mark === undefined) continue;
    throw new ReasonedError('AlreadyManaged', `cannot adopt "${name}": k8slab has it already`);
  }
  return { networks, domains, skipped: [] };
}

function selectAll({ networks, domains }: FoundWorld): Selected {
  const foreign = networks.filter(({ config }) => config.model.mark === undefined);
  const skipped = foreign
    .filter(({ active }) => !active)
    .map(({ name }) => ({
      what: `network/${name}`,
      why: 'it is not active, and k8slab would start it: name it to have it all the same',
    }));
  return {
    networks: foreign.filter(({ active }) => active),
    domains: domains.filter(({ config }) => config.model.mark === undefined),
    skipped,
  };
}

function resolve({ networks, domains }: FoundWorld, word: string): string[] {
  const all = [
    ...networks.map(({ name }) => `network/${name}`),
    ...domains.map(({ name }) => `domain/${name}`),
  ];
  const slash = word.indexOf('/');
  const wanted = slash === -1 ? undefined : `${typeOf(word, word.slice(0, slash))}/${word.slice(slash + 1)}`;
  const found = all.filter((what) => (wanted === undefined ? nameOf(what) === word : what === wanted));
  if (found.length === 1) return found;
  if (found.length > 1) {
    const hint = `write ${found.join(' or ')}`;
    throw new ReasonedError('BadArgument', `cannot adopt "${word}": it is a network and a domain`, { hint });
  }
  const near = wanted === undefined ? nearest(word, all.map(nameOf)) : nearest(wanted, all);
  const hint = near === undefined ? 'virsh net-list --all; virsh list --all' : `did you mean "${near}"?`;
  throw new ReasonedError('NotFound', `cannot adopt "${word}": libvirt has nothing of that name`, { hint });
}

function typeOf(word: string, type: string): string {
  if (/^dom(ain)?s?$/i.test(type) || KINDS.resolve(type)?.kind === 'Node') return 'domain';
  if (KINDS.resolve(type)?.kind === 'Network') return 'network';
  const hint = 'write network/NAME or domain/NAME';
  throw new ReasonedError('BadArgument', `cannot adopt "${word}": it is neither network nor domain`, {
    hint,
  });
}

function nameOf(what: string): string {
  return what.slice(what.indexOf('/') + 1);
}

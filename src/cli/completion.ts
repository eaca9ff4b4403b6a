import { ReasonedError } from '../api/errors.ts';
import type { KindNames } from '../api/kinds/define.ts';
import { KIND_NAMES } from '../api/kinds/names.ts';
import type { PartialObjectMetadataList } from '../api/kinds/partial.ts';
import { indexWords } from '../api/kinds/words.ts';
import { objectWord } from '../api/meta.ts';
import { fetchHeld } from './confirm-removal.ts';
import type { Client } from './client.ts';
import { OUTPUTS } from './outputs.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

const COMMANDS = [
  'adopt',
  'completion',
  'confirm-removal',
  'console',
  'explain',
  'get',
  'help',
  'logs',
  'plan',
  'restart',
  'ssh',
  'start',
  'stop',
  'top',
  'update-packages',
  'validate',
  'verify',
  'version',
];

/** Commands that take names of Nodes; of those that take one, all that follows is their own. */
const OF_NODES: Readonly<Record<string, 'one' | 'some'>> = {
  console: 'one',
  logs: 'one',
  restart: 'some',
  ssh: 'one',
  start: 'some',
  stop: 'some',
  top: 'some',
  'update-packages': 'some',
  verify: 'some',
};

const BASH = `_k8slab() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(compgen -W "$(k8slab __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$word"))
}
complete -o default -F _k8slab k8slab
`;
const ZSH = `#compdef k8slab
_k8slab() {
  local -a words_found
  words_found=(\${(f)"$(k8slab __complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)"})
  if (( \${#words_found} )); then compadd -a words_found; else _files; fi
}
compdef _k8slab k8slab
`;
const FISH = `complete -c k8slab -a '(k8slab __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`;

/** The script for a shell's start-up file; it asks \`k8slab __complete\` for what may come next. */
export function completionScript(shell: string): string {
  const scripts: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script !== undefined) return script;
  throw new ReasonedError('BadArgument', `cannot complete in shell "${shell}": one of ${SHELLS.join(', ')}`);
}

/**
 * What may stand in the place of the last word; none where files are to be completed.
 * @param words all words after \`k8slab\`, the one being typed last
 */
export async function complete(client: Client, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  return (await candidates(client, before)).filter((word) => word.startsWith(typed));
}

async function candidates(client: Client, before: readonly string[]): Promise<string[]> {
  const [command, ...rest] = before;
  if (command === undefined) return COMMANDS;
  if (isOutput(before.at(-1))) return command === 'plan' ? ['json'] : [...OUTPUTS];
  if (command === 'completion') return [...SHELLS];
  const kinds = indexWords(KIND_NAMES);
  if (command === 'explain' && rest.length === 0) return [...kinds.words];
  if (command === 'confirm-removal') return ['--all', ...(await fetchHeld(client)).map(objectWord)];
  const takes = Object.hasOwn(OF_NODES, command) ? OF_NODES[command] : undefined;
  const named = rest.some((word) => !word.startsWith('-'));
  if (takes !== undefined) return takes === 'one' && named ? [] : objectNames(client, kinds.resolve('node'));
  if (command !== 'get') return [];
  const [word] = rest.filter((arg, index) => !arg.startsWith('-') && !isOutput(rest[index - 1]));
  const names = word === undefined ? undefined : kinds.resolve(word);
  return names === undefined ? ['all', ...kinds.words] : objectNames(client, names);
}

async function objectNames(client: Client, names: KindNames | undefined): Promise<string[]> {
  const { items } = (await client.get(names?.plural ?? '', PARTIAL)) as PartialObjectMetadataList;
  return items.map(({ metadata }) => metadata.name);
}

/** The next word is the value of this one. */
function isOutput(word: string | undefined): boolean {
  return word === '-o' || word === '--output';
}

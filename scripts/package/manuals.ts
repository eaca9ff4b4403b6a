import type { Argument, Command, Help, Option } from 'commander';
import { z } from 'zod';
import { createDaemonProgram } from '../../cmd/daemon-program.ts';
import { createProgram } from '../../cmd/program.ts';
import { daemonConfig } from '../../src/api/daemon-config.ts';
import { namesOf, type Kinds, type ManifestKindDefinition } from '../../src/api/kinds/kinds.ts';
import { jsonSchema, type JsonSchema } from '../../src/api/kinds/schema.ts';
import { defaultOf, meaning, rowsOf, typeOf, type Row } from '../fields-page.ts';
import type { Block, ManualPage } from './roff.ts';

export type ManualOptions = Pick<ManualPage, 'version' | 'date'> & { readonly kinds: Kinds };

/** The manual pages, from what `--help` and `explain` are made of. */
export function manuals(options: ManualOptions): ManualPage[] {
  const { version, date, kinds } = options;
  const page = (name: string, section: number, blocks: Block[]): ManualPage => {
    return { name, section, version, date, blocks };
  };
  return [
    page('k8slabd', 8, daemonManual()),
    page('k8slab', 1, clientManual()),
    page('k8slab-manifests', 5, manifestsManual(kinds)),
  ];
}

const PAGES = ['k8slab(1)', 'k8slab-manifests(5)', 'k8slabd(8)', 'virsh(1)'];

function name(self: string, what: string): Block[] {
  return [{ heading: 'NAME' }, { text: `${self} - ${what}` }];
}

function seeAlso(self: string): Block[] {
  const others = PAGES.filter((page) => !page.startsWith(`${self}(`));
  return [
    { heading: 'SEE ALSO' },
    { text: `${others.join(', ')}. Pages of text are in /usr/share/doc/k8slab.` },
  ];
}

function daemonManual(): Block[] {
  const program = createDaemonProgram();
  const help = program.createHelp();
  const config = z.toJSONSchema(daemonConfig, { io: 'input' }) as JsonSchema;
  return [
    ...name('k8slabd', lower(program.description())),
    ...[{ heading: 'SYNOPSIS' }, { text: `k8slabd ${program.usage()}` }],
    { heading: 'DESCRIPTION' },
    {
      text: "k8slabd reads manifests (k8slab-manifests(5)) and makes libvirt's networks and guests what they say, again and again. It is run by systemd(1) as k8slabd.service; k8slab(1) shows what it does. It stops no guest when it stops itself.",
    },
    ...[{ heading: 'OPTIONS' }, ...help.visibleOptions(program).map((option) => term(help, option))],
    ...[
      { heading: 'CONFIGURATION' },
      { text: 'The fields of /etc/k8slab/k8slabd.yaml; each may be left out.' },
    ],
    ...rowsOf(config, '').map(field),
    { heading: 'SIGNALS' },
    { term: 'SIGHUP', text: 'Reads the manifests again and looks at everything (systemctl reload k8slabd).' },
    { term: 'SIGTERM, SIGINT', text: 'Ends what is under way and stops; the second one ends it at once.' },
    { heading: 'EXIT STATUS' },
    ...[{ term: '0', text: 'Stopped as asked; with --once, every object is Ready.' }],
    ...[{ term: '1', text: 'It could not start, or --once took too long.' }],
    ...[{ term: '78', text: 'The configuration is not valid or not trusted: a restart does not help.' }],
    ...files(),
    ...seeAlso('k8slabd'),
  ];
}

function files(): Block[] {
  return [
    { heading: 'FILES' },
    { term: '/etc/k8slab.d', text: 'Manifests.' },
    { term: '/etc/k8slab/k8slabd.yaml', text: 'Configuration of the daemon.' },
    { term: '/etc/k8slab/ssh', text: "The daemon's own key pair, which the guests let in." },
    { term: '/run/k8slab/k8slab.sock', text: 'Where k8slab(1) asks the daemon.' },
    { term: '/var/lib/k8slab', text: 'Host keys of guests, known_hosts, ages of objects.' },
    { term: '/var/lib/libvirt/images/k8slab', text: 'Images, disks and seeds.' },
  ];
}

function clientManual(): Block[] {
  const program = createProgram();
  const help = program.createHelp();
  return [
    ...name('k8slab', lower(program.description())),
    ...[{ heading: 'SYNOPSIS' }, { text: `k8slab ${program.usage()}` }],
    ...[{ heading: 'OPTIONS' }, ...help.visibleOptions(program).map((option) => term(help, option))],
    ...[{ heading: 'COMMANDS' }, ...commandsOf(program).flatMap((command) => commandBlocks(command))],
    ...after(program),
    ...files(),
    ...seeAlso('k8slab'),
  ];
}

function commandsOf(program: Command): Command[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
}

/** A command, and the commands below it. */
function commandBlocks(command: Command, above = ''): Block[] {
  const help = command.createHelp();
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  return [
    { subheading: [above, command.name(), command.usage()].join(' ').trim() },
    { text: `${command.description()}.`.replace(/\.\.$/, '.') },
    ...help.visibleArguments(command).map((argument) => argumentTerm(help, argument)),
    ...own.map((option) => term(help, option)),
    ...after(command),
    ...commandsOf(command).flatMap((each) => commandBlocks(each, `${above} ${command.name()}`.trim())),
  ];
}

function term(help: Help, option: Option): Block {
  return { term: help.optionTerm(option), text: help.optionDescription(option) };
}

function argumentTerm(help: Help, argument: Argument): Block {
  return { term: help.argumentTerm(argument), text: help.argumentDescription(argument) };
}

/** What `--help` shows behind its lists, such as examples. */
function after(command: Command): Block[] {
  let shown = '';
  command.configureOutput({ writeOut: (text) => (shown += text) });
  command.outputHelp();
  const lists = command.helpInformation();
  const text = shown.slice(shown.indexOf(lists) + lists.length).trim();
  if (text === '') return [];
  return text.split(/\n{2,}/).map((part) => ({ verbatim: part }));
}

function manifestsManual(kinds: Kinds): Block[] {
  return [
    ...name('k8slab-manifests', 'what a lab shall be, as YAML'),
    { heading: 'DESCRIPTION' },
    {
      text: 'Files that end in .yaml, .yml or .json in /etc/k8slab.d and the directories below it hold one object or more, each of one of the kinds below. What they say is made so; what loses its manifest is removed, but for disks. "k8slab validate" checks them, "k8slab explain KIND" tells of their fields, and "k8slab plan DIRECTORY" what would be done. The files and the directories above them must belong to root and be writable by root alone.',
    },
    { text: 'Fields in brackets [] are of a list. Those that are marked "required" must be there.' },
    ...kinds.manifests.flatMap(kindBlocks),
    ...[{ heading: 'FILES' }, { term: '/usr/share/doc/k8slab/examples', text: 'Manifests to begin with.' }],
    ...[{ term: '/usr/share/k8slab/schemas', text: 'JSON schemas, for editors.' }],
    ...seeAlso('k8slab-manifests'),
  ];
}

function kindBlocks(definition: ManifestKindDefinition): Block[] {
  const { plural } = namesOf(definition);
  const { properties = {} } = jsonSchema(definition);
  const { metadata = {}, spec = {} } = properties;
  return [
    { heading: definition.kind.toUpperCase() },
    { text: `${definition.description} Plural ${plural}.` },
    ...[...rowsOf(metadata, 'metadata.'), ...rowsOf(spec, 'spec.')].map(field),
  ];
}

function field({ path, required, schema }: Row): Block {
  const value = defaultOf(schema);
  const facts = [
    typeOf(schema),
    ...(required ? ['required'] : []),
    ...(value === '' ? [] : [`default ${value}`]),
  ];
  const text = `${facts.join('; ')}. ${meaning(schema)}`.replaceAll('`', '').trim();
  return { term: path, text: text.replaceAll(/\s+/g, ' ') };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

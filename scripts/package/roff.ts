/** A part of a manual page. Its texts are plain: the generator escapes them. */
export type Block =
  | { readonly heading: string }
  | { readonly subheading: string }
  | { readonly text: string }
  /** Lines as they are, such as a command line or YAML. */
  | { readonly verbatim: string }
  | { readonly term: string; readonly text: string };

export interface ManualPage {
  readonly name: string;
  readonly section: number;
  readonly version: string;
  readonly date: Date;
  readonly blocks: readonly Block[];
}

/** The page in man(7)'s macros. */
export function roff({ name, section, version, date, blocks }: ManualPage): string {
  const day = date.toISOString().slice(0, 10);
  const title = ['.TH', quote(name.toUpperCase()), section, quote(day), quote(`k8slab ${version}`)].join(' ');
  // No hyphens in names, no lines stretched with spaces.
  return [title, '.nh', '.ad l', ...blocks.flatMap(lines), ''].join('\n');
}

function lines(block: Block): string[] {
  if ('heading' in block) return [`.SH ${quote(block.heading)}`];
  if ('subheading' in block) return [`.SS ${quote(block.subheading)}`];
  if ('verbatim' in block) return ['.PP', '.RS 4', '.nf', ...textLines(block.verbatim), '.fi', '.RE'];
  if ('term' in block) return ['.TP', `.B ${quote(block.term)}`, ...textLines(block.text || '\u00a0')];
  return ['.PP', ...textLines(block.text)];
}

/** A line of text must not begin like a request. */
function textLines(text: string): string[] {
  return text.split('\n').map((line) => escape(line).replace(/^(?=[.'])/, '\\&') || '\\&');
}

function quote(text: string): string {
  return `"${escape(text).replaceAll('"', '\\(dq')}"`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '\u00a0': '\\ ',
  '…': '...',
};

function escape(text: string): string {
  return text.replaceAll(/[\\\-'`^~\u00a0…]/g, (character) => SPECIAL[character] ?? character);
}

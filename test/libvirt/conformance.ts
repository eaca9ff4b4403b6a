import assert from 'node:assert/strict';
import { DOMAIN_SCENARIOS } from './conformance-domains.ts';
import { NETWORK_SCENARIOS } from './conformance-networks.ts';
import type { VirshCommand } from './virsh.ts';

/** One step: a virsh command and what comes of it. */
export interface Step {
  /** Words of the command; `XML` stands for the file. */
  readonly virsh: string;
  readonly xml?: string;
  readonly refused?: true;
  /** Parts of what it prints, whatever their quotes and spaces. */
  readonly shows?: readonly string[];
  readonly hides?: readonly string[];
  /** What it is about, where the words do not say so. */
  readonly why?: string;
}

/** Steps one after the other, on a libvirt that has none of the names in them. */
export interface Scenario {
  readonly title: string;
  readonly steps: readonly Step[];
  /** libvirt's own test driver is of another opinion. */
  readonly notByTestDriver?: true;
}

export interface Outcome {
  readonly refused: boolean;
  readonly printed: string;
}

export type RunCommand = (command: VirshCommand) => Promise<Outcome>;

export const SCENARIOS: readonly Scenario[] = [...NETWORK_SCENARIOS, ...DOMAIN_SCENARIOS];

/** Plays a scenario; fails at the first step that comes out otherwise than the table says. */
export async function play({ steps }: Scenario, run: RunCommand): Promise<void> {
  for (const [index, step] of steps.entries()) {
    const { virsh, xml, refused = false, shows = [], hides = [], why = '' } = step;
    const words = virsh.split(' ');
    const outcome = await run({ words, ...(xml === undefined ? {} : { xml }) });
    const about = `step ${index + 1}: ${virsh} ${why}\n${xml ?? ''}\n${outcome.printed}`;
    assert.equal(outcome.refused, refused, about);
    const printed = plain(outcome.printed);
    for (const part of shows) assert.ok(printed.includes(plain(part)), `shows ${part}: ${about}`);
    for (const part of hides) assert.ok(!printed.includes(plain(part)), `hides ${part}: ${about}`);
  }
}

/** One kind of quotes, no spaces between elements. */
function plain(text: string): string {
  return text
    .replaceAll("'", '"')
    .replace(/>\s+</g, '><')
    .replace(/[ \t]+/g, ' ');
}

/** The networks and domains that the table makes. */
export const NETWORKS = ['cf-a', 'cf-b', 'cf-c'];
export const DOMAINS = ['cf-p', 'cf-q'];
/** Undefines a domain, whatever hangs on it. */
export const CLEAR: readonly string[] = ['undefine', '--managed-save', '--snapshots-metadata'];

import { formatBytes } from '../quantity.ts';
import type { Resources } from './lab.ts';
import type { Obstacle } from './obstacles.ts';
import type { Best } from './score.ts';

export interface Refused {
  readonly vmhost: string;
  readonly obstacle: Obstacle;
}

/** So many vmhosts are told of one by one. */
const NAMED = 4;
const MIB = 1024 ** 2;

/** Why no vmhost takes a Node: each in a few words, or, where there are many, how many for which reason. */
export function whyNowhere(refused: readonly Refused[]): string {
  const sorted = refused.toSorted((a, b) => (a.vmhost < b.vmhost ? -1 : 1));
  if (sorted.length <= NAMED)
    return sorted.map(({ vmhost, obstacle }) => `${vmhost}: ${one(obstacle)}`).join('; ');
  const groups = [...Map.groupBy(sorted, ({ obstacle }) => groupOf(obstacle)).values()];
  const ordered = groups.toSorted((a, b) => b.length - a.length);
  const told = ordered.map((group) => `${group.length} ${many(group)}`);
  return `none of ${sorted.length} vmhosts: ${told.join(', ')}`;
}

const ADVANTAGE_WORDS: Readonly<Record<NonNullable<Best['advantage']>, string>> = {
  together: 'and its Networks without an overlay are on this one',
  roomForAll: 'and this one has room for all that have to be together',
  apart: 'and this one has the fewest Nodes of its role',
  image: 'and this one has its Image already',
  mostLeft: 'and this one has the most left',
};

/** @param open how many vmhosts take the Node, of `all` that were asked */
export function whyThere(
  { advantage }: Best,
  { pinned, open, all }: { readonly pinned: boolean; readonly open: number; readonly all: number },
): string {
  if (pinned) return 'spec.vmhost names it';
  if (open === 1) return all === 1 ? 'there is no other vmhost' : `no other of ${all} vmhosts takes it`;
  return `${open} of ${all} vmhosts take it, ${advantage === undefined ? 'all alike' : ADVANTAGE_WORDS[advantage]}`;
}

/** Which of them are one thing to who reads of many. */
function groupOf(obstacle: Obstacle): string {
  return obstacle.type === 'Full' ? lacks(obstacle).join(' ') : obstacle.type;
}

function one(obstacle: Obstacle): string {
  switch (obstacle.type) {
    case 'Away':
      return 'is away';
    case 'Drained':
      return 'is being drained';
    case 'Cordoned':
      return 'is cordoned';
    case 'Silent':
      return 'has not said what it has';
    case 'NoKvm':
      return 'has no KVM';
    case 'LibvirtTooOld':
      return 'has a libvirt that is too old';
    case 'Labels':
      return `does not have the labels ${labelWords(obstacle.labels)}`;
    case 'Home':
      return `Network "${obstacle.network}" has no overlay and lives on ${[...obstacle.vmhosts].sort().join(', ')}`;
    case 'Source':
      return `Node "${obstacle.source}", of which it is a clone, is on ${obstacle.vmhost}`;
    case 'Full':
      return lacks(obstacle)
        .map(
          (key) => `needs ${amount(key, obstacle.need[key])} ${key}, ${amount(key, obstacle.free[key])} free`,
        )
        .join(' and ');
  }
}

function many(group: readonly Refused[]): string {
  const [first] = group;
  const plural = group.length > 1;
  switch (first?.obstacle.type) {
    case 'Away':
      return plural ? 'are away' : 'is away';
    case 'Drained':
      return plural ? 'are being drained' : 'is being drained';
    case 'Cordoned':
      return plural ? 'are cordoned' : 'is cordoned';
    case 'Silent':
      return `${plural ? 'have' : 'has'} not said what ${plural ? 'they have' : 'it has'}`;
    case 'LibvirtTooOld':
      return `${plural ? 'have' : 'has'} a libvirt that is too old`;
    case 'NoKvm':
      return `${plural ? 'have' : 'has'} no KVM`;
    case 'Labels':
      return `${plural ? 'do' : 'does'} not have the labels ${labelWords(first.obstacle.labels)}`;
    case 'Home':
    case 'Source':
      return `${plural ? 'are' : 'is'} elsewhere (${one(first.obstacle)})`;
    case 'Full':
      return `${plural ? 'have' : 'has'} too little left (${most(group)})`;
    case undefined:
      return '';
  }
}

/** What the least full of them lack. */
function most(group: readonly Refused[]): string {
  const full = group.flatMap(({ obstacle }) => (obstacle.type === 'Full' ? obstacle : []));
  const [first] = full;
  if (first === undefined) return '';
  return lacks(first)
    .map((key) => {
      const free = Math.max(...full.map((each) => each.free[key]));
      return `needs ${amount(key, first.need[key])} ${key}, ${amount(key, free)} free at most`;
    })
    .join(' and ');
}

function lacks({ need, free }: Extract<Obstacle, { type: 'Full' }>): readonly (keyof Resources)[] {
  return (['cpu', 'memory', 'storage'] as const).filter((key) => need[key] > free[key]);
}

function amount(key: keyof Resources, value: number): string {
  const left = Math.max(0, value);
  if (key === 'cpu') return String(Math.floor(left * 1000) / 1000);
  return formatBytes(left % MIB === 0 ? left : Math.floor(left / MIB) * MIB);
}

function labelWords(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

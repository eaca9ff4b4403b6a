import { join } from 'node:path';
import { ReasonedError } from '../../api/errors.ts';
import { formatError } from '../../api/manifest/format.ts';
import {
  isManifestFile,
  emptySnapshot,
  nextSnapshot,
  type ManifestFile,
} from '../../api/manifest/snapshot.ts';
import { formatSize, parseBytes } from '../../api/quantity.ts';
import { exists } from '../../drivers/files.ts';
import { fetchChecksum } from '../../drivers/images/checksums.ts';
import { findManifests } from '../../drivers/manifest-dir/find.ts';
import { writeNewFiles } from '../write-new-files.ts';
import { readManifests } from '../manifest-files.ts';
import { answerTo, collectAnswers, yesOrNo, type Answers, type Ask, type InitFlags } from './ask.ts';
import { findImage, isV3, type CatalogueImage } from './catalogue.ts';
import type { Found } from './found.ts';
import { firstManifests, type Choices } from './manifests.ts';
import { freePodRange, sizesFor, type Sizes } from './sizes.ts';

export interface InitDeps {
  readonly found: Found;
  /** Undefined where nobody is there to be asked. */
  readonly ask: Ask;
  readonly tell: (line: string) => void;
  readonly fetchChecksum?: typeof fetchChecksum;
}

const CHECKSUM_LIMITS = { stallMs: 10_000, retries: 0, retryMs: 1000 };
const DEFAULT_DOMAIN = 'lab.internal';
const MIB = 1024 ** 2;

/**
 * Writes the manifests of a first lab into a directory, never over a file. @returns their paths; none where the person
 * said no
 * @throws ReasonedError FileExists, TooManyNodes, ManifestsClash, UnknownArchitecture, what is wrong with a flag
 */
export async function init(flags: InitFlags, deps: InitDeps): Promise<readonly string[]> {
  const { found, ask, tell } = deps;
  assertArch(found);
  for (const what of found.unseen) tell(`could not look at ${what}`);
  const answers = await collectAnswers(flags, found, ask, tell);
  const image = findImage(answers.image);
  if (image.v3 && !isV3(found.machine)) {
    tell(`${image.title} needs a CPU of x86-64-v3, which this one is not: its guests will not boot with KVM`);
  }
  const sizes = chosenSizes(flags.memory, found, { ...answers, image });
  const checksum = flags.offline === true ? undefined : await askChecksum(image, deps);
  const files = firstManifests(choicesOf(flags, found, { answers, image, sizes, checksum }));
  await assertValid(flags.dir, files);
  tell(summary(answers, image, sizes));
  const agreed = await answerTo(
    {
      text: `Write ${files.length} files into ${flags.dir}?`,
      flag: flags.yes === true ? 'yes' : undefined,
      fallback: 'yes',
      read: yesOrNo,
    },
    ask,
    tell,
  );
  return agreed ? writeNewFiles(flags.dir, files) : [];
}

function assertArch({ arch }: Found): void {
  if (arch === 'x64') return;
  const hint = 'write the manifests by hand: manifests/first-lab, with another spec.source of the Image';
  const message = `cannot choose an image for ${arch}: those of the catalogue are for x86_64`;
  throw new ReasonedError('UnknownArchitecture', message, { hint });
}

function chosenSizes(
  memory: string | undefined,
  found: Found,
  wanted: Parameters<typeof sizesFor>[1],
): Sizes {
  const nodeMib = memory === undefined ? undefined : Math.ceil(parseBytes(memory) / MIB);
  return sizesFor(found.machine, wanted, nodeMib);
}

/** Without an answer the manifest names the list itself, which the daemon asks. */
async function askChecksum(image: CatalogueImage, deps: InitDeps): Promise<string | undefined> {
  const fetch = deps.fetchChecksum ?? fetchChecksum;
  try {
    return await fetch(image.checksums, image.source, CHECKSUM_LIMITS);
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    deps.tell(`${error.message}; the manifest names the list, and k8slabd asks it when it fetches the image`);
    return undefined;
  }
}

interface Chosen {
  readonly answers: Answers;
  readonly image: CatalogueImage;
  readonly sizes: Sizes;
  readonly checksum: string | undefined;
}

function choicesOf(flags: InitFlags, found: Found, chosen: Chosen): Choices {
  const { answers, image, sizes, checksum } = chosen;
  const { masters, workers, loadBalancer, network, uplink } = answers;
  const podRange = freePodRange({
    ...found.taken,
    networks: [...found.taken.networks, { name: 'of this lab', cidr: network }],
  });
  if (podRange === undefined) {
    const hint = 'write spec.podCIDR of the Network by hand';
    throw new ReasonedError('NoFreeNetwork', 'cannot choose a range for pods: all of 10.200-255 is in use', {
      hint,
    });
  }
  return {
    image,
    masters,
    workers,
    loadBalancer,
    network,
    podRange,
    sizes,
    domain: flags.domain ?? DEFAULT_DOMAIN,
    authorizedKeys: answers.authorizedKeys,
    ...(checksum === undefined ? {} : { checksum }),
    ...(uplink === '' ? {} : { uplink }),
  };
}

/** What is written must stand beside what is there. */
async function assertValid(
  dir: string,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<void> {
  const added: ManifestFile[] = files.map(({ name, text }) => ({ path: join(dir, name), text }));
  const wanted = new Set(added.map(({ path }) => path));
  const there = (await exists(dir)) && (await findManifests(dir, isManifestFile)).paths.length > 0;
  const present = there ? (await readManifests([dir])).filter(({ path }) => !wanted.has(path)) : [];
  const { errors, warnings } = nextSnapshot(emptySnapshot, { files: [...present, ...added] });
  const ours = [...errors, ...warnings].filter(({ file }) => wanted.has(file));
  if (ours.length === 0) return;
  const hint = 'choose an empty directory by --dir, or write the manifests by hand';
  throw new ReasonedError(
    'ManifestsClash',
    `cannot add manifests to "${dir}": ${ours.map(formatError).join('; ')}`,
    { hint },
  );
}

function summary(
  { masters, workers, loadBalancer, network }: Answers,
  { title }: CatalogueImage,
  sizes: Sizes,
): string {
  const nodes = masters + workers;
  const total = nodes * sizes.nodeMib + (loadBalancer ? sizes.loadBalancerMib : 0);
  const balancer = loadBalancer ? `, a load balancer of ${formatSize(sizes.loadBalancerMib * MIB)}` : '';
  return `${title}: ${plural(masters, 'master')} and ${plural(workers, 'worker')} of ${formatSize(sizes.nodeMib * MIB)}${balancer}, ${formatSize(total * MIB)} of memory in all, on ${network}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

import assert from 'node:assert/strict';
import { crossCheck } from '../../../src/api/manifest/cross-check.ts';
import { formatError } from '../../../src/api/manifest/format.ts';
import { parseSteps } from '../../../src/api/manifest/parse.ts';
import {
  emptySnapshot,
  namedObjects,
  nextSnapshot,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../../../src/api/manifest/snapshot.ts';
import type { Steps } from '../../../src/api/manifest/steps.ts';
import { API_VERSION, refName } from '../../../src/api/meta.ts';
import { decodeManifest } from '../../../src/drivers/manifest-dir/read.ts';
import { toError } from '../../../src/api/errors.ts';
import { samplesIn } from '../corpus.ts';
import type { Target } from '../target.ts';

const WORDS = [
  ...[
    '---\n',
    '...\n',
    '&a ',
    '*a',
    '!!binary ',
    '!!set',
    '<<: ',
    '? ',
    '|\n',
    '>-\n',
    '%YAML 1.1\n',
    '%TAG ! x\n',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    'kind: Node\n',
    'kind: List\nitems:\n',
    'metadata: {name: a}\n',
    'spec:\n',
    '  networks: []\n',
    'cidr: 0.0.0.0/0',
    '::/0',
    '999Ei',
  ],
];

function manifests(): readonly Buffer[] {
  return ['tutorial', 'lab', 'first-lab'].flatMap((lab) => samplesIn(`manifests/${lab}`, '.yaml'));
}

function* parse(input: Buffer): Steps<void> {
  const text = decodeManifest('f.yaml', input);
  const { objects, errors } = yield* parseSteps('f.yaml', text);
  for (const error of errors) {
    assert.ok(error.line >= 1 && error.column >= 1, 'a place');
    assert.doesNotMatch(formatError(error), /[\u0000-\u001f]/);
  }
  assert.ok(errors.length <= 1000);
  crossCheck(objects);
}

export const manifest: Target = {
  name: 'manifest',
  samples: manifests,
  words: WORDS,
  maxBytes: 64 * 1024,
  share: 60,
  open: () => ({ feed: parse }),
};

/** A whole directory, of which one file is written by somebody who makes mistakes. */
function directory(): { feed: (input: Buffer) => Steps<void> } {
  const good: ManifestFile[] = samplesIn('manifests/tutorial', '.yaml').map((input, index) => ({
    path: `${index}.yaml`,
    text: input.toString(),
  }));
  const before = nextSnapshot(emptySnapshot, { files: good });
  let turn = 0;
  return {
    *feed(input) {
      const edited = (turn += 1) % good.length;
      const files = good.with(edited, fileOf(good[edited]?.path ?? '', input));
      const after = yield* snapshotSteps(before, { files });
      keepsOthers(before, after, files[edited]?.path ?? '');
      const mended = yield* snapshotSteps(after, { files: good });
      assert.deepEqual(contents(mended), contents(before), 'the good text brings back what was');
      const first = yield* snapshotSteps(emptySnapshot, { files });
      const record = first.files.get(files[edited]?.path ?? '');
      const isOne = !/---|^\.\.\./m.test(input.toString()) && record?.errors[0]?.code === 'NotAnObject';
      if (isOne && input.toString().replaceAll(/#.*/g, '').includes(API_VERSION))
        assert.ok(record.opaque, 'what an unreadable file names is not known to be gone');
    },
  };
}

function fileOf(path: string, input: Buffer): ManifestFile {
  try {
    return { path, text: decodeManifest(path, input) };
  } catch (error) {
    return { path, error: toError(error) };
  }
}

function keepsOthers(before: Snapshot, after: Snapshot, edited: string): void {
  const named = namedObjects(after);
  const spoilt = (after.files.get(edited)?.errors.length ?? 0) > 0;
  const stands = new Map(after.objects.map((object) => [refName(object), object.hash]));
  for (const object of before.objects) {
    if (object.source.file !== edited)
      assert.equal(stands.get(refName(object)), object.hash, refName(object));
    else if (spoilt)
      assert.ok(named.has(refName(object)), `${refName(object)} of a file that cannot be read`);
  }
}

function contents({ objects, opaque }: Snapshot): unknown {
  return [objects.map((object) => [refName(object), object.hash]), opaque];
}

export const manifestDirectory: Target = {
  name: 'manifest-directory',
  samples: () => samplesIn('manifests/tutorial', '.yaml'),
  words: WORDS,
  maxBytes: 16 * 1024,
  share: 5,
  open: directory,
};

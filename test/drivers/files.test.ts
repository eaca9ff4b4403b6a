import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { ensureDir, readIfExists, removeIfExists, writeAtomic } from '../../src/drivers/files.ts';

const run = promisify(execFile);

let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-files-'));
});

after(() => rm(dir, { recursive: true, force: true }));

async function fresh(t: TestContext): Promise<string> {
  return mkdtemp(join(dir, `${t.name.replaceAll(/\W+/g, '-').slice(0, 40)}-`));
}

/** Runs a command in a mount namespace of its own, where mounts are seen by nobody else; undefined where not allowed. */
async function inMountNamespace(script: string, ...args: string[]): Promise<string | undefined> {
  const probe = await run('unshare', ['--mount', 'true']).catch(() => undefined);
  if (probe === undefined) return undefined;
  return (await run('unshare', ['--mount', 'sh', '-euc', script, 'sh', ...args])).stdout;
}

const writeScript = `
  import { writeAtomic } from ${JSON.stringify(new URL('../../src/drivers/files.ts', import.meta.url).href)};
  const [path, content] = process.argv.slice(1);
  try { console.log(await writeAtomic(path, content)); }
  catch (error) { console.log(error.reason + '|' + error.message + '|' + error.hint); }`;

describe('writeAtomic', () => {
  it('R5: refuses to write over what is not what was looked at, and leaves it', async (t) => {
    const path = join(await fresh(t), 'hosts');
    const refused = { reason: 'ChangedMeanwhile' };
    await writeAtomic(path, 'a line of theirs\n');

    for (const content of ['', undefined])
      await assert.rejects(writeAtomic(path, 'ours\n', { expected: { content } }), refused);
    assert.equal(await readFile(path, 'utf8'), 'a line of theirs\n');
    await assert.rejects(writeAtomic(`${path}2`, 'ours\n', { expected: { content: 'x' } }), refused);

    const expected = { content: 'a line of theirs\n' };
    assert.equal(await writeAtomic(path, 'theirs and ours\n', { expected }), true);
    assert.equal(await writeAtomic(`${path}2`, 'new\n', { expected: { content: undefined } }), true);
  });

  it('says whether anything changed, and changes nothing when nothing did', async (t) => {
    const path = join(await fresh(t), 'a');

    assert.equal(await writeAtomic(path, 'one'), true);
    const first = await stat(path);
    assert.equal(await writeAtomic(path, 'one'), false);

    assert.equal((await stat(path)).ino, first.ino);
    assert.equal(await writeAtomic(path, 'two'), true);
    assert.equal(await readFile(path, 'utf8'), 'two');
  });

  it('E78: keeps the mode and owner of an existing file', async (t) => {
    const path = join(await fresh(t), 'a');
    await writeFile(path, 'one');
    await chmod(path, 0o640);
    const owned = process.getuid?.() === 0;
    if (owned) await run('chown', ['12:34', path]);

    await writeAtomic(path, 'two');

    const now = await stat(path);
    assert.equal(now.mode & 0o7777, 0o640);
    if (owned) assert.deepEqual([now.uid, now.gid], [12, 34]);
  });

  it('gives the mode asked for, also when only the mode differs', async (t) => {
    const path = join(await fresh(t), 'a');

    assert.equal(await writeAtomic(path, 'key', { mode: 0o600 }), true);
    await chmod(path, 0o644);
    assert.equal(await writeAtomic(path, 'key', { mode: 0o600 }), true);

    assert.equal((await stat(path)).mode & 0o7777, 0o600);
    assert.equal(await writeAtomic(path, 'key', { mode: 0o600 }), false);
  });

  it('E78: writes through symlinks and leaves them in place, dangling ones too', async (t) => {
    const here = await fresh(t);
    await symlink('real', join(here, 'link'));

    await writeAtomic(join(here, 'link'), 'one');
    await writeAtomic(join(here, 'link'), 'two');

    assert.deepEqual((await readdir(here)).sort(), ['link', 'real']);
    assert.equal(await readFile(join(here, 'real'), 'utf8'), 'two');
  });

  it('E78: never shows a reader a partial file', async (t) => {
    const path = join(await fresh(t), 'a');
    const contents = ['x'.repeat(300_000), 'y'.repeat(200_000)];
    await writeAtomic(path, contents[0] ?? '');
    const seen = new Set<string>();
    const done = new AbortController();

    const reader = (async () => {
      while (!done.signal.aborted) seen.add(await readFile(path, 'utf8'));
    })();
    for (let i = 0; i < 40; i++) await writeAtomic(path, contents[i % 2] ?? '');
    done.abort();
    await reader;

    for (const text of seen) assert.ok(contents.includes(text), `partial: ${text.length} bytes`);
  });

  it('removes what a killed run left, and leaves nothing of its own', async (t) => {
    const here = await fresh(t);
    await writeFile(join(here, '.a.k8slab-tmp-0123456789ab'), 'half');
    await writeFile(join(here, '.ab.k8slab-tmp-0123456789ab'), 'of another file');

    await writeAtomic(join(here, 'a'), 'one');

    assert.deepEqual((await readdir(here)).sort(), ['.ab.k8slab-tmp-0123456789ab', 'a']);
  });

  it('E78: writes a bind-mounted file in place', async (t) => {
    const here = await fresh(t);
    await writeFile(join(here, 'outside'), 'a longer first text\n');
    await writeFile(join(here, 'hosts'), '');
    const script =
      'mount --bind "$1/outside" "$1/hosts"; exec "$2" --input-type=module -e "$3" "$1/hosts" new';

    const said = await inMountNamespace(script, here, process.execPath, writeScript);

    if (said === undefined) {
      t.skip('no mount namespaces here');
      return;
    }
    assert.equal(said.trim(), 'true');
    assert.equal(await readFile(join(here, 'outside'), 'utf8'), 'new');
    assert.deepEqual((await readdir(here)).sort(), ['hosts', 'outside']);
  });

  it('writes in place where only the file, not its directory, may be written', async (t) => {
    const here = await fresh(t);
    await writeFile(join(here, 'hosts'), 'old');
    const script = `mount --bind "$1" "$1"; mount --bind "$1/hosts" "$1/hosts"; mount -o remount,bind,ro "$1"
      exec "$2" --input-type=module -e "$3" "$1/hosts" new`;

    const said = await inMountNamespace(script, here, process.execPath, writeScript);

    if (said === undefined) {
      t.skip('no mount namespaces here');
      return;
    }
    assert.equal(said.trim(), 'true');
    assert.equal(await readFile(join(here, 'hosts'), 'utf8'), 'new');
  });

  it('names path, reason and free space when the file system is full, and keeps the old file', async (t) => {
    const here = await fresh(t);
    const script = `mount -t tmpfs -o size=64k tmpfs "$1"; printf old >"$1/a"; head -c 40000 /dev/zero >"$1/fill"
      "$2" --input-type=module -e "$3" "$1/a" "$(head -c 40000 /dev/zero | tr '\\0' x)"; cat "$1/a"; ls -A "$1"`;

    const said = await inMountNamespace(script, here, process.execPath, writeScript);

    if (said === undefined) {
      t.skip('no mount namespaces here');
      return;
    }
    assert.match(
      said,
      /^NoSpace\|cannot write file "\S+\/a": no space left on its file system\|[0-9.]+ KiB free; /,
    );
    assert.match(said, /\nold *a\nfill\n$/);
  });

  it('says PermissionDenied and ReadOnlyFileSystem with the path', async (t) => {
    const here = await fresh(t);
    const script = `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
      "$2" --input-type=module -e "$3" "$1/a" new`;

    const readOnly = await inMountNamespace(script, here, process.execPath, writeScript);
    const asNobody = `process.seteuid(65534);${writeScript}`;
    const denied = await inMountNamespace(
      '"$2" --input-type=module -e "$3" "$1/a" new',
      here,
      process.execPath,
      asNobody,
    );

    if (readOnly === undefined || denied === undefined) {
      t.skip('no mount namespaces here');
      return;
    }
    assert.match(readOnly, /^ReadOnlyFileSystem\|cannot write file "\S+\/a": the file system is read-only\|/);
    assert.match(denied, /^PermissionDenied\|cannot write file "\S+\/a": permission denied\|/);
  });
});

describe('the small file helpers', () => {
  it('take a missing file for no file, and other failures for errors', async (t) => {
    const here = await fresh(t);
    await mkdir(join(here, 'dir'));
    await writeFile(join(here, 'a'), 'text');

    assert.equal(await readIfExists(join(here, 'none')), undefined);
    assert.equal(await readIfExists(join(here, 'a', 'below')), undefined);
    assert.equal(await readIfExists(join(here, 'a')), 'text');
    await assert.rejects(readIfExists(join(here, 'dir')), { reason: 'IoError' });
    assert.equal(await removeIfExists(join(here, 'none')), false);
    assert.equal(await removeIfExists(join(here, 'a')), true);
  });

  it('make directories of exactly the mode asked for, whatever the umask', async (t) => {
    const path = join(await fresh(t), 'x', 'y');
    const umask = process.umask(0o077);
    t.after(() => process.umask(umask));

    await ensureDir(path, 0o711);
    assert.equal((await stat(path)).mode & 0o7777, 0o711);
  });

  it('R4: leaves the mode of one that is there as it is, be it anybody’s', async (t) => {
    const path = join(await fresh(t), 'theirs');
    await mkdir(path);
    for (const mode of [0o2770, 0o700]) {
      await chmod(path, mode);
      await ensureDir(path, 0o755);
      assert.equal((await stat(path)).mode & 0o7777, mode);
    }
  });
});

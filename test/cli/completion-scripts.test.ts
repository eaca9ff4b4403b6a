import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { completionScript } from '../../src/cli/completion-scripts.ts';

/** A k8slab that notes what it is asked, and answers what a file says. */
const STUB = `#!/bin/sh
printf '<%s>' "$@" > "$STUB_DIR/asked"
cat "$STUB_DIR/answer"
`;

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-completion-'));
  await writeFile(join(dir, 'k8slab'), STUB);
  await chmod(join(dir, 'k8slab'), 0o755);
  await writeFile(join(dir, 'file-one'), '');
});
after(() => rm(dir, { recursive: true, force: true }));

function has(shell: string): boolean {
  return spawnSync(shell, ['--version']).error === undefined;
}

async function run(
  shell: string,
  args: readonly string[],
  script: string,
  answer: string,
): Promise<{ out: string; err: string; asked: string }> {
  await writeFile(join(dir, 'answer'), answer);
  await writeFile(join(dir, 'script'), script);
  await writeFile(join(dir, 'asked'), '');
  const env = {
    PATH: `${dir}:${process.env['PATH'] ?? ''}`,
    HOME: dir,
    STUB_DIR: dir,
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
  };
  const { stdout, stderr } = spawnSync(shell, args, { encoding: 'utf8', cwd: dir, env, timeout: 20_000 });
  const asked = spawnSync('cat', [join(dir, 'asked')], { encoding: 'utf8' }).stdout;
  return { out: stdout, err: stderr, asked };
}

describe('the script for bash', () => {
  /** As readline calls it: the line, broken into words as bash breaks it. */
  async function bash(
    line: string,
    answer: string,
  ): Promise<{ replies: string[]; asked: string; err: string }> {
    const words: string[] = line.match(/[^\s=:"']+|[=:]+|"[^"]*"?|'[^']*'?/g) ?? [];
    if (/\s$/.test(line)) words.push('');
    const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const script = `${completionScript('bash')}
      COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1} COMP_LINE='${line.replaceAll("'", "'\\''")}' COMP_TYPE=9
      COMP_POINT=\${#COMP_LINE} COLUMNS=60
      _k8slab; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { out, asked, err } = await run('bash', ['script'], script, answer);
    return { replies: out.split('\n').filter((each) => each !== ''), asked, err };
  }

  it('hands over the words as they are meant, and offers what comes back', async () => {
    const { replies, asked, err } = await bash('k8slab get n', 'nodes\tNode\n:4\n');

    assert.deepEqual([asked, replies, err], ['<__complete><--><get><n>', ['nodes'], '']);
  });

  it('shows beside several words what they are', async () => {
    const { replies } = await bash('k8slab get no', 'node\tNode\nnodes\tNode\n:4\n');

    assert.deepEqual(replies, ['node   (Node)', 'nodes  (Node)']);
  });

  it('puts words together that bash breaks, and offers only what is behind the break', async () => {
    const value = await bash('k8slab get nodes --output=y', '--output=yaml\n:4\n');
    const empty = await bash('k8slab get nodes --output=', '--output=yaml\n:4\n');
    const colon = await bash("k8slab get -o custom-columns=A:x -l 'zone in (a,b)' ", 'nodes\n:4\n');

    assert.deepEqual([value.asked, value.replies], ['<__complete><--><get><nodes><--output=y>', ['yaml']]);
    assert.deepEqual([empty.asked, empty.replies], ['<__complete><--><get><nodes><--output=>', ['yaml']]);
    assert.equal(colon.asked, "<__complete><--><get><-o><custom-columns=A:x><-l><'zone in (a,b)'><>");
  });

  it('offers nothing where nothing comes back, also where k8slab fails', async () => {
    assert.deepEqual((await bash('k8slab get nodes x', ':4\n')).replies, []);
    assert.deepEqual((await bash('k8slab get nodes x', '')).replies, []);
  });
});

describe('the script for fish', { skip: !has('fish') }, () => {
  async function fish(
    line: string,
    answer: string,
  ): Promise<{ replies: string[]; asked: string; err: string }> {
    const script = `${completionScript('fish')}\ncomplete -C '${line}'\n`;
    const { out, asked, err } = await run('fish', ['--no-config', 'script'], script, answer);
    return { replies: out.split('\n').filter((each) => each !== ''), asked, err };
  }

  it('asks, and offers words with what they are', async () => {
    const { replies, asked, err } = await fish('k8slab get n', 'node\tNode\nnodes\tNode\n:4\n');

    assert.deepEqual([asked, err], ['<__complete><--><get><n>', '']);
    assert.deepEqual(replies.sort(), ['node\tNode', 'nodes\tNode']);
  });

  it('offers files only where they are meant', async () => {
    assert.deepEqual((await fish('k8slab validate f', ':0\n')).replies, ['file-one']);
    assert.deepEqual((await fish('k8slab get f', ':4\n')).replies, []);
  });
});

describe('the script for zsh', { skip: !has('zsh') }, () => {
  /** Types a line into a real zsh on a pseudo-terminal, then a tab. */
  async function zsh(line: string, answer: string): Promise<{ screen: string; asked: string }> {
    await writeFile(join(dir, 'completion.zsh'), completionScript('zsh'));
    const script = `zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z 'PS1="> "; autoload -U compinit; compinit -u -D; source ./completion.zsh; echo re""ady'
      zpty -r -m z x '*ready*'
      zpty -w -n z ${JSON.stringify(line)}$'\\t'
      repeat 100; do
        sleep 0.05
        zpty -r -t z chunk && screen+=$chunk
        [[ -s asked ]] && break
      done
      sleep 0.3; while zpty -r -t z chunk; do screen+=$chunk; done
      print -r -- $screen
      zpty -d z`;
    const { out, asked } = await run('zsh', ['-f', 'script'], script, answer);
    return { screen: out.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, ''), asked };
  }

  it('asks, and puts the only word there is in its place', async () => {
    const { screen, asked } = await zsh('k8slab get no', 'nodes\tNode\n:4\n');

    assert.equal(asked, '<__complete><--><get><no>');
    assert.match(screen, /nodes /);
  });

  it('shows several words with what they are', async () => {
    const { screen } = await zsh('k8slab get --', '--show:x\tfirst one\n--watch\tsecond one\n:4\n');

    assert.match(screen, /--show:x +-- first one/);
    assert.match(screen, /--watch +-- second one/);
  });
});

describe('a completion script', () => {
  it('for another shell is refused, also for what every object of JavaScript has', () => {
    for (const shell of ['csh', 'toString', ''])
      assert.throws(() => completionScript(shell), { reason: 'BadArgument' });
  });
});

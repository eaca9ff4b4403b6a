import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { createProgram } from '../../cmd/program.ts';
import { configFile } from '../../scripts/config-file.ts';
import { debianChangelog } from '../../scripts/package/changelog.ts';
import { manuals } from '../../scripts/package/manuals.ts';
import { PROGRAMS } from '../../scripts/package/programs.ts';
import { roff } from '../../scripts/package/roff.ts';
import { daemonConfig } from '../../src/api/daemon-config.ts';
import { KINDS } from '../../src/api/kinds/list.ts';

const top = join(import.meta.dirname, '../..');
/** Words of virsh and qemu-img that stand first in what is handed to those. */
const SUBCOMMANDS = ['info', 'net-dumpxml'];
const DATE = new Date('2026-11-26T08:00:00Z');

describe('what the package depends on', () => {
  it('is what the drivers start, no more and no less', () => {
    const files = readdirSync(join(top, 'src/drivers'), { recursive: true, encoding: 'utf8' });
    const sources = files
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(top, 'src/drivers', name), 'utf8'));
    // The first word of an argv: what is handed to exec, or becomes it.
    const argv =
      /(?:exec\(|read\(|exec, |rules\(exec, |argv = |\?\? \(?|runUnpacker\()\[\s*'([a-z][a-z-]*)'|argv = \[\n\s*'([a-z-]+)'/g;
    const called = sources.flatMap((text) =>
      [...text.matchAll(argv)].map(([, one, other]) => one ?? other ?? ''),
    );

    assert.deepEqual(
      [...new Set(called)].filter((word) => !SUBCOMMANDS.includes(word)).sort(),
      PROGRAMS.map(({ name }) => name).sort(),
    );
  });
});

describe('the configuration that is installed', () => {
  it('sets nothing', () => {
    assert.equal(parse(configFile()), null);
  });

  it('says the defaults, once its settings are no comments any more', () => {
    const text = configFile().replaceAll(/^#(?! \S)/gm, '');

    const written = parse(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(written), Object.keys(daemonConfig.shape));
    assert.deepEqual(daemonConfig.parse(written), daemonConfig.parse({}));
  });
});

describe('a manual page', () => {
  const pages = manuals({ version: '0.1.0-1', date: DATE, kinds: KINDS });

  it('is there for the daemon, the command and the manifests', () => {
    const names = pages.map(({ name, section }) => `${name}(${section})`);
    assert.deepEqual(names, ['k8slabd(8)', 'k8slab(1)', 'k8slab-manifests(5)']);
  });

  it('names every option of every command, with its examples', () => {
    const [, text = ''] = pages.map(roff);
    const parts = text.replaceAll('\\-', '-').split('.SS "').slice(1);
    const help = createProgram().createHelp();
    const missing = help.visibleCommands(createProgram()).flatMap((command) => {
      const part = parts.find(
        (each) => each.startsWith(`${command.name()} `) || each.startsWith(`${command.name()}"`),
      );
      const flags = help.visibleOptions(command).map(({ flags: each }) => each);
      return flags
        .filter((each) => part?.includes(`"${each}"`) !== true)
        .map((each) => `${command.name()} ${each}`);
    });
    assert.deepEqual(
      missing.filter((each) => !each.endsWith(' -h, --help')),
      [],
    );
    assert.ok(parts.length > 20);
    assert.match(text, /k8slab get nodes \\-o wide/);
  });

  it('reads no line of text as a request', () => {
    const blocks = [{ text: ".so /etc/passwd\n'br" }, { verbatim: 'a\\fB' }, { term: 'say "x"', text: '' }];
    const text = roff({ name: 'x', section: 1, version: '1', date: DATE, blocks });
    assert.match(text, /^\\&\.so/m);
    assert.match(text, /^\\\(aqbr$/m);
    assert.match(text, /^a\\efB$/m);
    assert.match(text, /^\.B "say \\\(dqx\\\(dq"$/m);
  });
});

describe('the changelog', () => {
  it('gives what is pending the version of the package, and releases their own', () => {
    const text = debianChangelog('# C\n\n## Pending\n\n- `a` new\n\n## 0.0.9 (2026-01-02)\n\n- old\n', {
      version: '0.1.0-1',
      date: DATE,
      maintainer: 'm <m@x>',
    });

    assert.match(
      text,
      /^k8slab \(0\.1\.0-1\) unstable; urgency=medium\n\n {2}\* a new\n\n -- m <m@x> {2}Thu, 26 Nov 2026 08:00:00 \+0000\n/,
    );
    assert.match(text, /^k8slab \(0\.0\.9-1\) .*\n\n {2}\* old\n\n -- .*Fri, 02 Jan 2026/m);
  });
});

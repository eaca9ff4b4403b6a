import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { bundle } from '../../scripts/bundle.ts';
import { version } from '../../src/api/version.ts';
import { serveLab } from '../cli/bed.ts';

const top = join(import.meta.dirname, '../..');
let directory: string;
let metafiles: Awaited<ReturnType<typeof bundle>>;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8slab-bundle-'));
  metafiles = await bundle(directory);
});
after(() => rm(directory, { recursive: true, force: true }));

/** Runs what is installed, away from the checkout's node_modules. */
function run(command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const path = join(directory, `${command}.mjs`);
  return promisify(execFile)(process.execPath, [path, ...args], { cwd: directory, env: {} });
}

/** The packages whose code is loaded with the part of `k8slab` that begins at each of these modules. */
function packagesOf(...modules: string[]): string[] {
  const { outputs } = metafiles.k8slab;
  const wanted = Object.keys(outputs).filter((path) => modules.includes(outputs[path]?.entryPoint ?? ''));
  assert.equal(wanted.length, modules.length, `no part of the bundle begins at ${modules.join(' or ')}`);
  const seen = new Set(wanted);
  for (const path of seen) {
    for (const { kind, path: other } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement') seen.add(other);
    }
  }
  const inputs = [...seen].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  const packages = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set(packages)];
}

describe('what is installed', () => {
  it('runs without the checkout', async () => {
    const shown = await run('k8slab', 'version', '--client');
    const daemon = await run('k8slabd', '--version');
    const checked = await run('k8slab', 'validate', join(top, 'manifests/lab'));

    assert.deepEqual([shown.stdout, daemon.stdout], [`Client Version: ${version}\n`, `${version}\n`]);
    assert.match(checked.stdout, /k8s-net\.yaml: 1 object\n/);
  });

  it('loads every part of the daemon before it reads its configuration', async () => {
    await assert.rejects(run('k8slabd', '--config', join(directory, 'none.yaml')), {
      stderr: /^k8slabd: cannot read configuration ".*none\.yaml": there is no such file/,
    });
  });

  it('prints objects in every form that it offers', async () => {
    const lab = await serveLab();
    try {
      for (const output of ['wide', 'yaml', 'json', 'name']) {
        const { stdout } = await run('k8slab', 'get', '--socket', lab.socket, 'nodes', '-o', output);
        assert.match(stdout, /\ba\b/, output);
      }
    } finally {
      await lab.close();
    }
  });

  it('loads no library but commander for version, tab completion and get', () => {
    const modules = ['cmd/k8slab.ts', 'src/cli/completion.ts', 'src/cli/get.ts'];
    assert.deepEqual(packagesOf(...modules), ['commander']);
  });

  it('loads a library only in the commands that need it', () => {
    const validate = packagesOf('src/cli/validate.ts');
    assert.ok(validate.includes('zod') && validate.includes('yaml'));
    assert.ok(!validate.includes('fast-xml-parser'));
  });

  it("loads none of Node's own modules for version beyond what Node loads to print a line", async () => {
    const heavy = ['child_process', 'http', 'readline', 'worker_threads'];
    const script = `process.on('exit', () => console.log(JSON.stringify(process.moduleLoadList)))`;
    const probe = `data:text/javascript,${encodeURIComponent(script)}`;
    const path = join(directory, 'k8slab.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      probe,
      path,
      'version',
      '--client',
    ]);
    const loaded = new Set(JSON.parse(stdout.split('\n')[1] ?? '') as string[]);

    assert.deepEqual(
      heavy.filter((name) => loaded.has(`NativeModule ${name}`)),
      [],
    );
  });

  it('carries the licence of each package that is in it', async () => {
    const licences = await readFile(join(directory, 'LICENSES'), 'utf8');
    const inputs = Object.keys(metafiles.k8slabd.inputs);
    const packages = new Set(
      inputs.flatMap((path) => /^(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
    );
    assert.ok(packages.has('node_modules/ssh2'));
    for (const path of packages) assert.ok(licences.includes(`${path}\n`), path);
  });
});

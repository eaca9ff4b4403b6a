import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PowerVerb } from '../../src/api/node/power.ts';
import { power } from '../../src/cli/power.ts';
import { boot } from '../controllers/bed.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
});
after(() => lab.close());

interface Run {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

async function run(
  verb: PowerVerb,
  nodes: readonly string[],
  flags: { wait?: boolean; force?: boolean; timeout?: number } = {},
): Promise<Run> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await power(lab.client, verb, nodes, {
    flags: { wait: true, timeout: 600, ...flags },
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  });
  return { code, out, err };
}

/** The passes that the daemon would make, and what the guest does meanwhile. */
async function serveRestart(name: string): Promise<void> {
  const { bed } = lab;
  while (bed.memory.read(bed.object('Node', name))?.asked === undefined)
    await new Promise((resolve) => setImmediate(resolve));
  await bed.pass('Node', name);
  const domain = bed.world.domains.get(name);
  assert.ok(domain);
  domain.state = 'shutoff';
  for (let round = 0; round < 3; round++) await bed.pass('Node', name);
  boot(bed, name);
  await bed.pass('Node', name);
}

describe('restart, start and stop', () => {
  it('show what is done until the guest is Ready', async () => {
    const [{ code, out, err }] = await Promise.all([run('restart', ['node/a']), serveRestart('a')]);

    assert.deepEqual([code, err], [0, []]);
    const shown = out.filter((line) => !/Running|Bound|NoLease|Unreachable/.test(line));
    assert.deepEqual(shown, [
      'a: restart asked for',
      'a: ShutdownDomain: a person asked for a restart',
      'a: ShuttingDown: the guest was asked to shut down and is running; after 120 s its plug is pulled; the guest restarts',
      'a: StartDomain: the guest is shutoff; a person asked for it to run',
      'a: restarted, Ready after 0 s',
    ]);
  });

  it('name the file, the line and the field that say otherwise, and go on with the next one', async () => {
    const { code, out, err } = await run('stop', ['a', 'none', 'b']);

    assert.deepEqual([code, out], [1, []]);
    assert.deepEqual(err, [
      'cannot stop Node "a": its manifest says spec.power: Running, and k8slabd keeps to it (edit /etc/k8slab.d/a.yaml:5: spec.power: Stopped)',
      'cannot stop Node "none": there is no such Node',
      'cannot stop Node "b": its manifest says spec.power: Running, and k8slabd keeps to it (edit /etc/k8slab.d/b.yaml:5: spec.power: Stopped)',
    ]);
  });

  it('go as soon as it is asked for when told not to wait', async () => {
    const { code, out } = await run('restart', ['b'], { wait: false });

    assert.deepEqual([code, out], [0, ['b: restart asked for']]);
    assert.equal(lab.bed.memory.read(lab.bed.object('Node', 'b'))?.asked?.verb, 'restart');
    assert.equal(lab.asked.at(-1), 'b', 'the Node is looked at now');
  });

  it('refuse what they do not understand', async () => {
    await assert.rejects(lab.client.post('nodes/a/restart', { wait: 'yes' }), { reason: 'BadRequest' });
    await assert.rejects(lab.client.post('nodes/a/reboot', {}), { reason: 'NotFound' });
  });
});

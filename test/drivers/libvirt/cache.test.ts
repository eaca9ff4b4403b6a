import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLibvirtCache } from '../../../src/drivers/libvirt/cache.ts';
import { createDomainCache } from '../../../src/drivers/libvirt/domain-cache.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { createLibvirt, VirshError } from '../../../src/drivers/libvirt.ts';
import { createFakeClock, settle } from '../../engine/fake-clock.ts';
import { until } from '../virsh/support.ts';
import { createCacheBed, disposals, domainXml, LIST, NET_LIST, nicXml, uuidOf, watch } from './fake-virsh.ts';

const MAC = '52:54:00:00:00:01';

function event(name: string, detail: string): string {
  return `2026-01-01 00:00:00.000+0000: event 'lifecycle' for domain '${name}': ${detail}`;
}

describe('the cache of what libvirt has', () => {
  it('a second look at 1,000 unchanged domains makes no call and no parse', async () => {
    const bed = createCacheBed(
      Object.fromEntries(Array.from({ length: 1000 }, (_, number) => [`node${number}`, {}])),
    );
    let parses = 0;
    const libvirt = createLibvirt({ virsh: bed.virsh, xmlDir: '/nowhere' });
    const parse = (text: string): ReturnType<typeof parseDomain> => ((parses += 1), parseDomain(text));
    const cache = createDomainCache({ libvirt, now: () => 0, retryMs: 0, onChange: () => undefined, parse });
    const look = async (): Promise<void> => {
      await Promise.all((await cache.domains()).map(({ name }) => cache.domain(name)));
      assert.equal((await cache.survey()).domains.length, 1000);
    };

    const first = await bed.calls(look);
    const second = await bed.calls(look);

    assert.deepEqual([first.length, second.length, parses], [4 + 1000, 0, 1000]);
  });

  it('readers at the same time share one list and one read', async () => {
    const bed = createCacheBed({ a: {} });
    const { cache } = bed;

    const made = await bed.calls(() =>
      Promise.all([cache.view.domain('a'), cache.view.domain('a'), cache.view.survey()]),
    );

    assert.deepEqual(made, [...LIST, 'dumpxml a']);
  });

  it('an event drops one entry: its state and its documents are read again, nothing else', async () => {
    const bed = watch(createCacheBed({ a: {}, b: {} }));
    await bed.cache.view.survey();

    bed.virsh.emit(event('a', 'Defined Updated'));
    const made = await bed.calls(() => bed.cache.view.survey());

    assert.deepEqual(made, ['dominfo a', 'dumpxml a']);
  });

  it('a start concerns only what runs: the definition is not read again', async () => {
    const bed = watch(createCacheBed({ a: {} }));
    await bed.cache.view.survey();

    bed.domain('a').state = 'running';
    bed.virsh.emit(event('a', 'Started Booted'));
    const made = await bed.calls(() => bed.cache.view.survey());

    assert.deepEqual(made, ['dominfo a', 'dumpxml a']);
    assert.notEqual((await bed.cache.view.domain('a'))?.live, undefined);
  });

  it('a document that is read while its change comes in is not kept', async () => {
    const bed = watch(createCacheBed({ a: { xml: domainXml('a', nicXml(MAC, 'old')) } }));
    const gate = Promise.withResolvers<undefined>();
    await bed.cache.view.domains();
    bed.virsh.gate = gate.promise.then(() => undefined);
    const early = bed.cache.view.domain('a');
    await until(() => bed.virsh.calls.includes('dumpxml a'));

    bed.domain('a').xml = domainXml('a', nicXml(MAC, 'new'));
    bed.virsh.emit(event('a', 'Defined Updated'));
    gate.resolve(undefined);
    await early;
    const late = await bed.cache.view.domain('a');
    const { usersOf } = await bed.cache.view.survey();

    assert.equal(late?.config.model.interfaces[0]?.network, 'new');
    assert.deepEqual(
      [usersOf({ network: 'old', bridges: [] }), usersOf({ network: 'new', bridges: [] })],
      [[], ['a']],
    );
  });

  it('F2: a definition is read with its passwords, so that defining it again loses none', async () => {
    const bed = createCacheBed({ a: { state: 'running' } });
    const flags: string[] = [];
    const call = bed.virsh.call.bind(bed.virsh);
    bed.virsh.call = (argv, options) => {
      if (argv[0] === 'dumpxml') flags.push(argv.slice(3).join(' '));
      return call(argv, options);
    };

    await bed.cache.view.domain('a');

    assert.deepEqual(flags.sort(), ['', '--inactive --security-info']);
  });

  it('its own change is seen by whoever reads next', async () => {
    const bed = createCacheBed({ a: {} });
    assert.equal((await bed.cache.view.domain('a'))?.state, 'shutoff');

    bed.domain('a').state = 'running';
    await bed.cache.libvirt.startDomain('a');

    assert.equal((await bed.cache.view.domain('a'))?.state, 'running');
  });

  it('so is a change that failed: it may have been made all the same', async () => {
    const bed = createCacheBed({ a: {} });
    await bed.cache.view.domain('a');
    bed.virsh.broken.set('start a', new VirshError('DeadlineExceeded', ['start', 'a'], { why: 'late' }));

    bed.domain('a').state = 'running';
    await bed.cache.libvirt.startDomain('a');

    assert.equal((await bed.cache.view.domain('a'))?.state, 'running');
  });

  it('what no event told of is found by the next list, and told', async () => {
    const bed = watch(createCacheBed({ a: {}, b: {} }));
    for (const name of ['a', 'b']) await bed.cache.view.domain(name);
    bed.domain('a').state = 'running';
    bed.virsh.domains.set('c', { uuid: uuidOf(9), state: 'shut off', xml: domainXml('c') });
    bed.virsh.domains.delete('b');

    await bed.clock.advance(20_100);

    assert.deepEqual(
      new Set(bed.told.map((change) => change.kind === 'domain' && change.name)),
      new Set(['a', 'b', 'c']),
    );
    assert.equal((await bed.cache.view.domain('a'))?.state, 'running');
    assert.equal(await bed.cache.view.domain('b'), undefined);
  });

  it('a document that nothing told of is read again after a long time, and told if it is another', async () => {
    const bed = watch(createCacheBed({ a: {}, b: {} }));
    for (const name of ['a', 'b']) await bed.cache.view.domain(name);
    bed.domain('a').xml = domainXml('a', nicXml(MAC, 'k8s-net'));

    await bed.clock.advance(31 * 60_000);

    assert.deepEqual(bed.told, [{ kind: 'domain', name: 'a' }]);
    assert.equal((await bed.cache.view.domain('a'))?.config.model.interfaces.length, 1);
  });

  it('what comes back as an event of its own change is no news', async () => {
    const bed = watch(createCacheBed({ a: {} }));
    await bed.cache.view.domain('a');
    bed.domain('a').state = 'running';
    await bed.cache.libvirt.startDomain('a');
    await bed.cache.view.domain('a');

    for (const detail of ['Started Booted', 'Resumed Unpaused']) bed.virsh.emit(event('a', detail));
    await bed.clock.advance(1000);

    assert.deepEqual(bed.told, []);
  });

  it('a change from outside is told once, whatever number of events it makes', async () => {
    const bed = watch(createCacheBed({ a: {} }));
    await bed.cache.view.domain('a');

    bed.domain('a').state = 'running';
    for (const detail of ['Started Booted', 'Resumed Unpaused']) bed.virsh.emit(event('a', detail));
    await bed.clock.advance(1000);

    assert.deepEqual(bed.told, [{ kind: 'domain', name: 'a' }]);
  });

  it('a change from outside is told whoever has read it meanwhile: a look changes nothing', async () => {
    const bed = watch(createCacheBed({ a: {} }));
    await bed.cache.view.domain('a');

    bed.domain('a').state = 'running';
    bed.virsh.emit(event('a', 'Started Booted'));
    await bed.cache.view.domain('a');
    await bed.clock.advance(1000);

    assert.deepEqual(bed.told, [{ kind: 'domain', name: 'a' }]);
  });

  it('a reboot shows in no document and is told all the same', async () => {
    const bed = watch(createCacheBed({ a: { state: 'running' } }));
    await bed.cache.view.domain('a');

    bed.virsh.emit("2026-01-01 00:00:00.000+0000: event 'reboot' for domain 'a'");

    assert.deepEqual(bed.told, [{ kind: 'domain', name: 'a' }]);
  });

  it('R12: a foreign domain that cannot be parsed is an error of its own', async () => {
    const bed = createCacheBed({
      a: { xml: domainXml('a', nicXml(MAC, 'k8s-net')) },
      odd: { xml: '<domain>' },
    });

    const { domains, unreadable, usersOf } = await bed.cache.view.survey();

    assert.deepEqual(
      domains.map(({ name }) => name),
      ['a'],
    );
    assert.deepEqual(
      unreadable.map(({ name }) => name),
      ['odd'],
    );
    assert.deepEqual(usersOf({ network: 'k8s-net', bridges: [] }), ['a']);
    await assert.rejects(bed.cache.view.domain('odd'), { reason: 'InvalidXml' });
    assert.equal((await bed.cache.view.domain('a'))?.name, 'a');
  });

  it('the error of one domain is kept for a while, so that it costs a call now and then', async () => {
    const bed = createCacheBed({ a: {}, odd: {} });
    bed.virsh.broken.set('dumpxml odd', new VirshError('OperationFailed', ['dumpxml', 'odd'], { why: 'no' }));
    await bed.cache.view.survey();

    assert.deepEqual(await bed.calls(() => bed.cache.view.survey()), []);
    await bed.clock.advance(10_000);
    bed.virsh.broken.clear();
    assert.deepEqual((await bed.cache.view.survey()).unreadable, []);
  });

  it('that libvirt cannot be reached is an error of everything, and is not kept', async () => {
    const bed = createCacheBed({ a: {} });
    await bed.cache.view.survey();
    bed.cache.suspect({ kind: 'all' });
    bed.virsh.broken.set('list', new VirshError('OperationFailed', ['list'], { why: 'away' }));
    for (const read of [bed.cache.view.survey(), bed.cache.view.domain('a'), bed.cache.view.domains()])
      await assert.rejects(read, /away/);

    bed.virsh.broken.clear();

    assert.equal((await bed.cache.view.domain('a'))?.name, 'a');
  });

  it('a domain made anew under the same name is another one', async () => {
    const bed = createCacheBed({ a: { xml: domainXml('a', nicXml(MAC, 'old')) } });
    await bed.cache.view.survey();

    bed.virsh.domains.set('a', {
      uuid: uuidOf(7),
      state: 'shut off',
      xml: domainXml('a', nicXml(MAC, 'new')),
    });
    await bed.cache.libvirt.undefineDomain('a', {
      nvram: true,
      managedSave: false,
      snapshotsMetadata: false,
    });

    const { macHolders, usersOf } = await bed.cache.view.survey();
    assert.equal((await bed.cache.view.domain('a'))?.uuid, uuidOf(7));
    assert.deepEqual(usersOf({ network: 'old', bridges: [] }), []);
    assert.deepEqual(macHolders(MAC), [{ domain: 'a', mac: MAC, side: 'config' }]);
  });

  it('looks at nothing and tells nothing once nobody watches it any more, also what it hears of meanwhile', async () => {
    const bed = createCacheBed({ a: {} });
    const watching = bed.cache.watch((change) => bed.told.push(change));
    await bed.cache.view.domain('a');
    bed.virsh.emit(event('a', 'Defined Updated'));

    const gone = watching.dispose();
    bed.virsh.emit(event('a', 'Defined Updated'));
    bed.cache.suspect({ kind: 'domain', name: 'a' });
    await gone;

    assert.deepEqual(await bed.calls(() => bed.clock.advance(60_000)), []);
    assert.deepEqual([bed.told, bed.clock.pendingTimers()], [[], 0]);
  });

  it('a renamed domain is found by its new name alone', async () => {
    const bed = watch(createCacheBed({ a: {} }));
    await bed.cache.view.survey();
    const { uuid } = bed.domain('a');
    bed.virsh.domains.delete('a');
    bed.virsh.domains.set('z', { uuid, state: 'shut off', xml: domainXml('z') });

    for (const name of ['a', 'z']) bed.virsh.emit(event(name, 'Defined Renamed'));

    assert.deepEqual(
      (await bed.cache.view.domains()).map(({ name }) => name),
      ['z'],
    );
    assert.deepEqual(
      (await bed.cache.view.survey()).domains.map(({ name }) => name),
      ['z'],
    );
  });

  it('knows MAC addresses and networks of both sides of a domain', async () => {
    const { view } = createCacheBed({
      a: { state: 'running', xml: domainXml('a', nicXml(MAC, 'k8s-net', 'vnet0')) },
      b: { xml: domainXml('b', nicXml('52:54:00:00:00:02', 'k8s-net')) },
    }).cache;

    const { macHolders, interfacesOn, usersOf } = await view.survey();

    assert.deepEqual(
      macHolders(MAC).map(({ side }) => side),
      ['config', 'live'],
    );
    assert.deepEqual(interfacesOn({ network: 'k8s-net', bridges: [] }), [
      { domain: 'a', ours: false, tap: 'vnet0', mac: MAC, network: 'k8s-net' },
    ]);
    assert.deepEqual(usersOf({ network: 'k8s-net', bridges: ['virbr1'] }), ['a', 'b']);
  });

  it('a network is read again after a change of it, and only that one', async () => {
    const bed = createCacheBed();
    for (const [number, name] of ['net-a', 'net-b'].entries()) {
      bed.virsh.networks.set(name, {
        uuid: uuidOf(number),
        active: true,
        xml: `<network><name>${name}</name></network>`,
      });
    }
    assert.equal((await bed.cache.view.surveyNetworks()).networks.length, 2);
    assert.deepEqual(await bed.calls(() => bed.cache.view.surveyNetworks()), []);

    await bed.cache.libvirt.setNetworkAutostart('net-a', true);
    const made = await bed.calls(() => bed.cache.view.surveyNetworks());

    assert.deepEqual(made, [...NET_LIST, 'net-dumpxml net-a', 'net-dumpxml net-a']);
  });

  it('guests of a network that was restarted may be on another bridge: their running side is read again', async () => {
    const bed = createCacheBed({
      a: { state: 'running', xml: domainXml('a', nicXml(MAC, 'k8s-net', 'vnet0')) },
      b: { state: 'running' },
    });
    await bed.cache.view.survey();

    await bed.cache.libvirt.startNetwork('k8s-net');
    const made = await bed.calls(() => bed.cache.view.survey());

    assert.deepEqual(made, ['dominfo a', 'dumpxml a']);
  });
});

describe('the files of libvirt', () => {
  it('that change are those of a domain or network, which is dropped and told', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'libvirt-files-'));
    disposals.push(() => rm(dir, { recursive: true }));
    const files = { configDir: dir, domainStateDir: join(dir, 'run'), networkStateDir: join(dir, 'net') };
    for (const each of ['networks', 'run', 'net']) await mkdir(join(dir, each));
    const bed = createCacheBed({ a: {} });
    const clock = createFakeClock();
    const libvirt = createLibvirt({ virsh: bed.virsh, xmlDir: '/nowhere', eventsSettleMs: 2 ** 30 });
    const cache = createLibvirtCache({ libvirt, clock, files });
    const watching = cache.watch((change) => bed.told.push(change));
    disposals.unshift(() => watching.dispose());
    await cache.view.domain('a');

    bed.domain('a').xml = domainXml('a', nicXml(MAC, 'k8s-net'));
    await writeFile(join(dir, 'a.xml.new'), '');
    await rename(join(dir, 'a.xml.new'), join(dir, 'a.xml'));
    await until(() => clock.pendingTimers() > 1);
    await clock.advance(100);
    await settle();

    assert.deepEqual(bed.told, [{ kind: 'domain', name: 'a' }]);
    assert.equal((await cache.view.domain('a'))?.config.model.interfaces.length, 1);
  });
});

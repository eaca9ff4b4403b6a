import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { createLibvirt, VirshError, type Libvirt, type LibvirtEvent } from '../../../src/drivers/libvirt.ts';
import { createLibvirtCache } from '../../../src/drivers/libvirt/cache.ts';
import { createFakeClock, settle } from '../../engine/fake-clock.ts';
import { createConnection } from '../../../src/drivers/libvirt/connection.ts';
import { createCacheBed } from './fake-virsh.ts';

const DOWN = new ReasonedError('LibvirtUnreachable', 'cannot reach libvirt');

function connect(): {
  connection: ReturnType<typeof createConnection>;
  calls: string[];
  fail: (error?: Error) => void;
} {
  const calls: string[] = [];
  let failure: Error | undefined;
  const answer = (op: string): Promise<string> => {
    calls.push(op);
    return failure === undefined
      ? Promise.resolve(op === 'version' ? '9.0.0' : '<capabilities/>')
      : Promise.reject(failure);
  };
  const libvirt = { version: () => answer('version'), capabilities: () => answer('capabilities') };
  return { connection: createConnection(libvirt), calls, fail: (error) => (failure = error) };
}

describe('what libvirt says of the vmhost', () => {
  it('is asked once for a connection, also by those who ask at the same time', async () => {
    const { connection, calls } = connect();

    await Promise.all([connection.facts(), connection.facts()]);
    await connection.facts();
    const once = [...calls];
    connection.drop();
    await connection.facts();

    assert.deepEqual([once.length, calls.length], [2, 4]);
  });

  it('is asked again after it could not be had', async () => {
    const { connection, fail } = connect();
    fail(DOWN);
    await assert.rejects(connection.facts(), DOWN);
    fail();

    assert.equal((await connection.facts()).version, '9.0.0');
  });

  it('is not vouched for while lists fail, and that it began and ended is news', async () => {
    const { connection, calls } = connect();
    await connection.facts();

    const news = [connection.listed(undefined), connection.listed(DOWN), connection.listed(DOWN)];
    await assert.rejects(connection.facts(), DOWN);
    news.push(connection.listed(undefined));
    await connection.facts();
    assert.deepEqual([news, calls.length], [[false, true, false, true], 4]);

    connection.listed(DOWN);
    connection.drop();
    await connection.facts();
    assert.equal(calls.length, 6, 'another libvirtd may answer');
  });

  it('F11: is not waited for any longer once a list failed', async () => {
    const forever = new Promise<never>(() => undefined);
    const connection = createConnection({ version: () => forever, capabilities: () => forever });
    const asked = connection.facts();

    connection.listed(DOWN);

    await assert.rejects(asked, DOWN);
  });

  it('F11: lists that fail, and the first one that does not, are told of the vmhost', async () => {
    const bed = createCacheBed({ a: {} });
    const watching = bed.cache.watch((change) => bed.told.push(change));
    await bed.cache.view.host();
    const hung = new VirshError('DeadlineExceeded', ['list'], { why: 'no answer within 30 s' });
    bed.told.length = 0;

    bed.virsh.broken.set('list', hung);
    await bed.clock.advance(20_000);
    await bed.clock.advance(20_000);
    await assert.rejects(bed.cache.view.host(), hung);
    bed.virsh.broken.clear();
    await bed.clock.advance(20_000);
    await watching.dispose();

    assert.deepEqual(bed.told, [{ kind: 'host' }, { kind: 'host' }]);
    assert.deepEqual(await bed.calls(() => bed.cache.view.host()), ['capabilities', 'version']);
  });

  it('U11: is in doubt as soon as the connection ends that events came by, not at the next list', async () => {
    const { virsh, clock } = createCacheBed({ a: {} });
    let hear: (event: LibvirtEvent) => void = () => undefined;
    const libvirt: Libvirt = {
      ...createLibvirt({ virsh, xmlDir: '/nowhere' }),
      events: (listener) => ((hear = listener), { dispose: () => Promise.resolve() }),
    };
    const cache = createLibvirtCache({ libvirt, clock });
    const told: unknown[] = [];
    const watching = cache.watch((change) => told.push(change));
    await cache.view.host();
    const gone = new VirshError('LibvirtUnreachable', ['list'], { why: 'failed to connect' });

    virsh.broken.set('list', gone);
    hear({ kind: 'ended' });
    hear({ kind: 'ended' });
    await settle();

    await assert.rejects(cache.view.host(), gone);
    assert.deepEqual(told, [{ kind: 'host' }]);
    await watching.dispose();
  });

  it('is asked anew after the events ended, also where the files tell of all documents', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'libvirt-connection-'));
    for (const each of ['networks', 'run', 'net']) await mkdir(join(dir, each));
    const { virsh } = createCacheBed();
    let hear: (event: LibvirtEvent) => void = () => undefined;
    const libvirt: Libvirt = {
      ...createLibvirt({ virsh, xmlDir: '/nowhere' }),
      events: (listener) => ((hear = listener), { dispose: () => Promise.resolve() }),
    };
    const files = { configDir: dir, domainStateDir: join(dir, 'run'), networkStateDir: join(dir, 'net') };
    const cache = createLibvirtCache({ libvirt, clock: createFakeClock(), files });
    const watching = cache.watch(() => undefined);
    await cache.view.host();

    hear({ kind: 'lost', since: 'gap' });
    await cache.view.host();
    await watching.dispose();
    await rm(dir, { recursive: true });

    assert.equal(virsh.calls.filter((call) => call === 'capabilities').length, 2);
  });
});

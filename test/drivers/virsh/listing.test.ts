import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { domainCalls } from '../../../src/drivers/virsh/domains.ts';
import {
  parseDomains,
  parseJob,
  parseNetworkInfo,
  parseVersion,
} from '../../../src/drivers/virsh/listing.ts';
import type { Virsh } from '../../../src/drivers/virsh/virsh.ts';

const UUIDS = ['a51d50f7-8117-499a-b058-8a619a9c3fd8', '0200c6d5-3847-455d-b6b9-662b671fc8b8'] as const;

describe('what virsh lists', () => {
  it('are domains with their state, in the order of their names', () => {
    const list = `${UUIDS[1]} worker00\n${UUIDS[0]} master00\n\n`;
    const stats =
      "Domain: 'master00'\n  state.state=1\n  state.reason=1\n\nDomain: 'worker00'\n  state.state=5\n\n";

    assert.deepEqual(parseDomains(list, stats), [
      { name: 'master00', uuid: UUIDS[0], state: 'running', reason: 1 },
      { name: 'worker00', uuid: UUIDS[1], state: 'shutoff' },
    ]);
  });

  it('are domains by the very name they have', () => {
    for (const name of ['tail ', 'tail  ', ' lead', 'q\'u"o', "it': x", '動作中', "Domain: 'x'", '']) {
      for (const padding of ['', '   ']) {
        const listed = parseDomains(
          `${UUIDS[0]} ${name}${padding}\n`,
          `Domain: '${name}'\n  state.state=1\n`,
        );
        assert.deepEqual(
          listed,
          [{ name, uuid: UUIDS[0], state: 'running' }],
          JSON.stringify(name + padding),
        );
      }
    }
  });

  it('has a state word for each of libvirt’s numbers', () => {
    const words = [
      'unknown',
      'running',
      'running',
      'paused',
      'inshutdown',
      'shutoff',
      'crashed',
      'pmsuspended',
      'unknown',
    ];
    for (const [number, word] of words.entries()) {
      assert.equal(parseDomains(`${UUIDS[0]} a\n`, `Domain: 'a'\n  state.state=${number}\n`)[0]?.state, word);
    }
  });

  it('keeps a domain that has no statistics, and takes none from statistics alone', () => {
    assert.deepEqual(parseDomains(`${UUIDS[0]} a\n`, "Domain: 'b'\n  state.state=1\n"), [
      { name: 'a', uuid: UUIDS[0], state: 'unknown' },
    ]);
  });

  it('are networks', () => {
    const info = `Name:           k8s net\nUUID:           ${UUIDS[0]}\nActive:         yes\nPersistent:     yes\nAutostart:      no\nBridge:         virbr1\n\n`;

    const network = { name: 'k8s net', uuid: UUIDS[0], active: true, persistent: true, autostart: false };
    assert.deepEqual(parseNetworkInfo(info), network);
    assert.equal(parseNetworkInfo('nothing of the kind'), undefined);
  });

  it('is the version of the daemon, else of the library', () => {
    const library =
      'Compiled against library: libvirt 9.0.0\nUsing library: libvirt 9.0.1\nUsing API: QEMU 9.0.0\n';

    assert.equal(parseVersion(`${library}Running against daemon: 11.3.0\n`), '11.3.0');
    assert.equal(parseVersion(library), '9.0.1');
  });

  it('are jobs with how far they are and how they ended', () => {
    const counts = 'disk_total: 2147483648\ndisk_processed: 536870912\n';

    assert.deepEqual(parseJob('Job type: 0\n\n'), { state: 'none' });
    assert.deepEqual(parseJob(`Job type: 2\n\noperation: 9\n${counts}`), {
      state: 'running',
      operation: 'backup',
      progress: 0.25,
    });
    assert.deepEqual(parseJob(`Job type: 5\n\noperation: 9\nsuccess: 0\nerrmsg: Operation canceled\n`), {
      state: 'cancelled',
      operation: 'backup',
      error: 'Operation canceled',
    });
    assert.deepEqual(parseJob('Job type: 2\n\noperation: 9\ndisk_total: 0\ndisk_processed: 0\n'), {
      state: 'running',
      operation: 'backup',
    });
  });
});

test('a list of domains that says what the last one said is the same list; any of its four parts makes another', async () => {
  const uuid = 'c7a5fdbd-edaf-9455-926a-d65c16db1809';
  const said: Record<string, string> = {
    '--name': `${uuid} a\n`,
    '--state': "Domain: 'a'\n  state.state=5\n",
    '--transient': '',
    '--autostart': '',
  };
  const virsh = {
    call: (argv: readonly string[]) => Promise.resolve(said[argv.find((each) => each in said) ?? ''] ?? ''),
  };
  const calls = domainCalls(virsh as unknown as Virsh, () => Promise.reject(new Error('not asked')));
  let before = await calls.domains();
  assert.equal(await calls.domains(), before);

  const changes = {
    '--state': "Domain: 'a'\n  state.state=1\n",
    '--transient': uuid,
    '--autostart': uuid,
    '--name': '',
  };
  for (const [part, text] of Object.entries(changes)) {
    said[part] = text;
    const now = await calls.domains();
    assert.notDeepEqual(now, before, part);
    before = now;
  }
  assert.deepEqual(before, []);
});

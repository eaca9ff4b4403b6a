import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { dnsName, ipv4, objectName } from '../../../src/api/kinds/fields.ts';
import { nodeSpec } from '../../../src/api/node/spec.ts';
import {
  isOurs,
  renderHosts,
  renderInventory,
  renderKnownHosts,
  renderSshConfig,
  type HostRecord,
} from '../../../src/api/vmhost/render.ts';

function record(node: string, address: string, more: Partial<HostRecord> = {}): HostRecord {
  return { node, fqdn: `${node}.k8s-thw.local`, aliases: [], address, user: 'centos', ...more };
}

const master00 = record('master00', '192.168.111.150', { role: 'master', hostKey: 'ssh-ed25519 AAAA0' });
const master01 = record('master01', '192.168.111.135', { role: 'master', hostKey: 'ssh-ed25519 AAAA1' });
const FILES = { knownHosts: '/var/lib/k8slab/known_hosts', identity: '/etc/k8slab/ssh/id_ed25519' };

const block = renderHosts('', [master00]).trimEnd().split('\n');
const [BEGIN = '', , END = ''] = block;

/** Lines that a hosts file may have, our markers among them, as nobody would write them on purpose. */
const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({ unit: fc.constantFrom('1', '.', ' ', '\t', '#', 'a', 'é', '\r'), maxLength: 9 }),
  },
  fc.constantFrom(BEGIN, END, `${BEGIN}\r`, `${END}\r`, '127.0.0.1 localhost'),
);
const file = fc
  .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, end, closed]) => lines.join(end) + (closed && lines.length > 0 ? end : ''));
const records = fc.subarray([master00, master01, record('x', '10.0.0.1', { aliases: ['a', 'b'] })]);

/** The lines outside our blocks, told by a machine of two states instead of the code's way. */
function outside(text: string): string[] {
  const kept: string[] = [];
  let held: string[] | undefined;
  for (const each of text.split('\n')) {
    const bare = each.trimEnd();
    if (bare === BEGIN) {
      kept.push(...(held ?? []));
      held = [];
    } else if (held === undefined) kept.push(each);
    else if (bare === END) held = undefined;
    else held.push(each);
  }
  return [...kept, ...(held ?? [])];
}

/** A file that ends without a line end gets one before our block. */
function sameBytes(text: string, other: string): void {
  assert.equal(outside(text).join('\n').replace(/\n$/, ''), outside(other).join('\n').replace(/\n$/, ''));
}

describe('/etc/hosts', () => {
  it('E77: has the same bytes outside our block, whatever it looked like before', () => {
    fc.assert(
      fc.property(file, records, (text, wanted) => {
        sameBytes(renderHosts(text, wanted), text);
      }),
      { numRuns: 500 },
    );
  });

  it('E77: is the same after a hundred runs as after one', () => {
    fc.assert(
      fc.property(file, records, (text, wanted) => {
        const once = renderHosts(text, wanted);
        let many = once;
        for (let run = 0; run < 100; run++) many = renderHosts(many, wanted);
        assert.equal(many, once);
      }),
      { numRuns: 50 },
    );
  });

  it('after any history names what the last run wanted, each once', () => {
    fc.assert(
      fc.property(file, fc.array(records, { minLength: 1, maxLength: 4 }), (text, history) => {
        const last = history.reduce((current, wanted) => renderHosts(current, wanted), text);
        const ours = last.split('\n').filter((each) => /^(192\.168\.111\.|10\.0\.0\.1 )/.test(each));
        assert.deepEqual(
          ours.map((each) => each.split(' ')[0]),
          (history.at(-1) ?? []).map(({ address }) => address),
        );
      }),
    );
  });

  it('of which our block was taken out again is as it was, but for a line end at its end', () => {
    for (const text of ['127.0.0.1 localhost\n', '127.0.0.1 localhost\r\n', '', '\n\n', 'a\n\n']) {
      assert.equal(renderHosts(renderHosts(text, [master00]), []), text);
    }
    assert.equal(renderHosts(renderHosts('127.0.0.1 localhost', [master00]), []), '127.0.0.1 localhost\n');
  });

  it('keeps the block where it stands, the first of several', () => {
    const text = `first\n${block.join('\n')}\n${block.join('\n')}\nlast\n${block.join('\n')}\nlast\n`;

    assert.equal(renderHosts(text, [master01]).split('\n')[1], BEGIN);
    assert.equal(renderHosts(text, [master01]).split('\n')[0], 'first');
    assert.equal(renderHosts(text, [master01]).split('\n').at(-2), 'last');
  });

  it('E79: loses the line of a removed Node, and changes the line of a changed address instead of adding one', () => {
    const text = renderHosts('127.0.0.1 localhost\n', [master00, master01]);

    const moved = renderHosts(text, [{ ...master00, address: '192.168.111.151' }]);

    assert.match(moved, /^192\.168\.111\.151 master00\.k8s-thw\.local master00$/m);
    assert.doesNotMatch(moved, /master01|192\.168\.111\.150/);
  });

  it('is found again after an editor gave it other line ends, or copied the block', () => {
    const dos = renderHosts('127.0.0.1 localhost\n', [master00]).replaceAll('\n', '\r\n');

    assert.equal(renderHosts(dos, [master01]).match(/BEGIN k8slab/g)?.length, 1);
    assert.doesNotMatch(renderHosts(dos, [master01]), /master00/);
    assert.doesNotMatch(renderHosts(`${block.join('\n')}\nx\n${block.join('\n')}\n`, [master01]), /master00/);
  });

  it('never loses a line of others to a block whose end is gone', () => {
    assert.equal(
      renderHosts(`${BEGIN}\n10.0.0.1 theirs\n`, [master00]),
      `${block.join('\n')}\n10.0.0.1 theirs\n`,
    );
    assert.match(renderHosts(`${BEGIN}\n10.0.0.1 theirs\n${block.join('\n')}\n`, []), /10\.0\.0\.1 theirs/);
  });

  it('has the full name first, then the short one and aliases, each once', () => {
    const aliased = { ...master00, aliases: ['api.k8s-thw.local', 'master00'] };

    assert.equal(
      renderHosts('', [aliased]).split('\n')[1],
      '192.168.111.150 master00.k8s-thw.local master00 api.k8s-thw.local',
    );
  });
});

describe('the Ansible inventory', () => {
  it('E82: has a group for each role, in the order of their names, and takes host keys from known_hosts only', () => {
    const lb = record('loadbalancer', '192.168.111.248', { role: 'lb' });

    assert.equal(
      renderInventory([master00, lb, master01, record('bare', '192.168.111.9')], FILES.knownHosts),
      `# Written by k8slabd, changes are lost.
[lb]
loadbalancer.k8s-thw.local ansible_host=192.168.111.248 ansible_user=centos

[master]
master00.k8s-thw.local ansible_host=192.168.111.150 ansible_user=centos
master01.k8s-thw.local ansible_host=192.168.111.135 ansible_user=centos

[ungrouped]
bare.k8s-thw.local ansible_host=192.168.111.9 ansible_user=centos

[all:vars]
ansible_ssh_common_args='-o UserKnownHostsFile=/var/lib/k8slab/known_hosts -o StrictHostKeyChecking=yes'
`,
    );
  });

  it('E82: of no guests is still an inventory', () => {
    assert.match(renderInventory([], FILES.knownHosts), /^# Written by k8slabd.*\n\[all:vars\]\n/);
  });
});

describe('known_hosts', () => {
  it('has the key of a guest under all its names and its address, and leaves out guests without a known key', () => {
    const text = renderKnownHosts([{ ...master00, aliases: ['api'] }, record('new', '192.168.111.9')]);

    assert.equal(
      text,
      '# Written by k8slabd, changes are lost.\nmaster00,master00.k8s-thw.local,api,192.168.111.150 ssh-ed25519 AAAA0\n',
    );
  });
});

describe('a file written whole', () => {
  it('is known as ours by its first line, and any other file is not', () => {
    const ours = [renderInventory([master00], '/k'), renderKnownHosts([]), renderSshConfig([], FILES)];

    assert.deepEqual(ours.map(isOurs), [true, true, true]);
    assert.deepEqual(['', '[master]\n', '\n# Written by k8slabd, changes are lost.\n'].map(isOurs), [
      false,
      false,
      false,
    ]);
  });
});

/** Every name that a manifest may have, at its wildest. */
const anyRecord: fc.Arbitrary<HostRecord> = fc
  .record({
    node: fc
      .stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      .filter((text) => objectName.safeParse(text).success),
    fqdn: fc.stringMatching(
      /^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?){1,3}$/,
    ),
    aliases: fc.array(
      fc.string({ maxLength: 12 }).filter((text) => dnsName.safeParse(text).success),
      { maxLength: 2 },
    ),
    address: fc.ipV4(),
    role: fc.string({ maxLength: 9 }).filter((text) => nodeSpec.shape.role.safeParse(text).success),
    user: fc.string({ maxLength: 9 }).filter((text) => nodeSpec.shape.ssh.safeParse({ user: text }).success),
  })
  .filter(({ address }) => ipv4.safeParse(address).success);

describe('names that a manifest may have', () => {
  it('are one line each in every file, so that none can break out of its place', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 3 }), (all) => {
        const withKeys = all.map((each) => ({ ...each, hostKey: 'ssh-ed25519 AAAA' }));
        assert.equal(renderHosts('', all).split('\n').length, all.length === 0 ? 1 : all.length + 3);
        assert.equal(renderKnownHosts(withKeys).split('\n').length, all.length + 2);
        for (const row of renderHosts('', all).split('\n').slice(1, -2))
          assert.match(row, /^[0-9.]+( [a-z0-9.-]+)+$/);
        for (const row of renderInventory(all, '/k').split('\n')) {
          assert.match(
            row,
            /^(|#.*|\[[a-z0-9_]+(:vars)?\]|[a-z0-9.-]+ ansible_host=[0-9.]+ ansible_user=[a-z0-9_-]+|ansible_ssh_common_args='[^']*')$/,
          );
        }
        for (const row of renderSshConfig(all, FILES).split('\n')) {
          assert.match(
            row,
            /^(|#.*|Host( [a-z0-9.-]+)+|Match localuser root host [a-z0-9.,-]+| {2}[A-Za-z]+ [A-Za-z0-9_./-]+)$/,
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('ssh, by the ssh_config', () => {
  let dir: string;
  before(() => void (dir = mkdtempSync(join(tmpdir(), 'k8slab-ssh-'))));
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** What the real ssh would do for a host. */
  function ssh(all: readonly HostRecord[], host: string): Map<string, string> {
    const path = join(dir, 'config');
    writeFileSync(path, renderSshConfig(all, FILES));
    const lines = execFileSync('ssh', ['-G', '-F', path, host], { encoding: 'utf8' }).split('\n');
    return new Map(lines.map((row) => [row.split(' ')[0] ?? '', row.slice(row.indexOf(' ') + 1)]));
  }

  it('reaches a guest by each of its names, as its user, and takes no key but the one k8slab made', () => {
    const all = [
      { ...master00, aliases: ['api'] },
      { ...master01, user: 'root' },
    ];
    for (const name of ['master00', 'master00.k8s-thw.local', 'api', '192.168.111.150']) {
      const found = ssh(all, name);
      assert.deepEqual([found.get('hostname'), found.get('user')], ['192.168.111.150', 'centos'], name);
      assert.equal(found.get('stricthostkeychecking'), 'true');
      assert.equal(found.get('userknownhostsfile'), FILES.knownHosts);
    }
    assert.deepEqual(ssh(all, 'master01').get('user'), 'root');
  });

  it('uses the key of the daemon for root only', { skip: process.getuid?.() !== 0 }, () => {
    assert.equal(ssh([master00], 'master00').get('identityfile'), FILES.identity);
  });

  it('reaches everything else as ever', () => {
    const found = ssh([master00], 'elsewhere.example');

    assert.equal(found.get('hostname'), 'elsewhere.example');
    assert.notEqual(found.get('userknownhostsfile'), FILES.knownHosts);
    assert.notEqual(found.get('identityfile'), FILES.identity);
    assert.notEqual(ssh([], 'master00').get('hostname'), '192.168.111.150');
  });

  it('works for a thousand guests', () => {
    const all = Array.from({ length: 1000 }, (_, index) =>
      record(`n${index}`, `10.0.${index >> 8}.${index & 255}`),
    );

    assert.deepEqual(ssh(all, 'n999').get('hostname'), '10.0.3.231');
    assert.equal(ssh(all, 'n999').get('userknownhostsfile'), FILES.knownHosts);
  });
});

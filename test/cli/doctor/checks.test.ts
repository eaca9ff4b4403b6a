import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demandOf } from '../../../src/cli/doctor/demand.ts';
import { doctorExitCode, examine, printChecks } from '../../../src/cli/doctor/doctor.ts';
import { soundFacts } from './facts.ts';
import { hostCases } from './host-cases.ts';
import { labCases } from './lab-cases.ts';

const sound = soundFacts();
const unseen = { unknown: 'not to be seen' };
const empty = demandOf([]);
const cases = [...hostCases, ...labCases];

describe('k8slab doctor', () => {
  it('finds nothing to mend on a sound vmhost', () => {
    const checks = examine(sound);

    assert.deepEqual(
      checks.filter(({ status }) => status !== 'OK'),
      [],
    );
    assert.equal(doctorExitCode(checks), 0);
    assert.equal(new Set(checks.map(({ check }) => check)).size, checks.length);
  });

  for (const { reason, facts, check, status, says } of cases) {
    it(`says ${status} of ${check} when ${reason}`, () => {
      const checks = examine(soundFacts(facts));

      const found = checks.find((each) => each.check === check);
      assert.equal(found?.status, status, found?.message);
      if (says !== undefined) assert.match(`${found.message} (${found.hint ?? ''})`, says);
      if (status === 'FAIL') assert.notEqual(found.hint, undefined, 'the way out');
      assert.equal(doctorExitCode(checks), checks.some((each) => each.status === 'FAIL') ? 1 : 0);
    });
  }

  it('has a case that fails in each part of a vmhost', () => {
    const failing = new Set(cases.filter(({ status }) => status === 'FAIL').map(({ check }) => check));
    for (const check of [
      'libvirt',
      'kvm',
      'uplink of lab',
      'addresses of lab',
      'memory',
      'disk',
      'manifests',
    ])
      assert.ok(failing.has(check), check);
  });

  it('prints a line for each check and a count, without color for a pipe', () => {
    const checks = examine(soundFacts({ kvm: { state: 'Fails', why: 'one\n  two' }, ipForward: false }));

    const text = printChecks(checks);

    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, checks.length + 2);
    assert.match(
      text,
      /^FAIL {6}kvm {5,}\/dev\/kvm opens, but no guest ran on it: one; two \(set domainType: qemu/m,
    );
    assert.equal(lines.at(-1), `${checks.length - 2} OK, 1 WARN, 1 FAIL`);
    assert.doesNotMatch(text, /\u001B/);
    assert.match(
      printChecks(checks, (color, shown) => `<${color}>${shown}`),
      /^<red>FAIL/m,
    );
  });

  it('works on what a machine says where nothing at all could be seen', () => {
    const nothing = soundFacts({
      root: false,
      programs: new Map(),
      libvirt: { error: 'x', reason: 'LibvirtUnreachable' },
      daemons: unseen,
      machine: unseen,
      interfaces: [],
      uplinks: [],
      routes: [],
      ipForward: unseen,
      firewall: unseen,
      managers: unseen,
      port53Taken: unseen,
      storage: { path: '/x', free: unseen, disks: unseen },
      groups: unseen,
      nameservers: unseen,
      hostsSources: unseen,
      manifests: unseen,
      demand: empty,
      sources: [],
    });

    const unknown = examine(nothing)
      .filter(({ status }) => status === 'UNKNOWN')
      .map(({ check }) => check);

    for (const check of ['memory', 'cpus', 'disk', 'forwarding', 'firewall', 'port 53', 'names', 'manifests'])
      assert.ok(unknown.includes(check), check);
  });
});

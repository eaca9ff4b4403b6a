import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findCondition } from '../../../src/api/conditions.ts';
import type { ConditionInput } from '../../../src/api/meta.ts';
import type { Plan } from '../../../src/api/disruption/action.ts';
import type { ObservedNode } from '../../../src/api/node/plan.ts';
import { nodeConditions, type NodeProbes } from '../../../src/api/node/status.ts';
import { desired, guest, nothing, spec } from './bed.ts';

const ADDRESS = '192.168.111.150';
const FQDN = 'master00.k8s-thw.local';

/** All that can be seen of a guest that is up. */
const up: NodeProbes = {
  address: ADDRESS,
  fqdn: FQDN,
  leasedAddress: ADDRESS,
  dns: { addresses: [ADDRESS], names: [FQDN] },
  ssh: { ok: true, reason: 'Reachable', message: `centos@${ADDRESS}` },
  cloudInit: { done: true, errors: [], detail: 'done' },
};
const idle: Plan = { actions: [] };

interface Situation {
  readonly observed?: ObservedNode;
  readonly plan?: Plan;
  readonly probes?: NodeProbes;
  readonly power?: 'Running' | 'Stopped';
}

function conditions({
  observed = guest('running'),
  plan = idle,
  probes = up,
  power = 'Running',
}: Situation): ConditionInput[] {
  return nodeConditions({ ...desired, spec: spec({ power }) }, observed, plan, probes);
}

/** `status reason` of one condition. */
function brief(situation: Situation, type: string): string {
  const found = findCondition(conditions(situation), type);
  return found === undefined ? 'none' : `${found.status} ${found.reason}`;
}

function message(situation: Situation, type: string): string {
  return findCondition(conditions(situation), type)?.message ?? '';
}

describe('a Node', () => {
  it('says why it has no address where its manifest adopts a guest that k8slab made', () => {
    const policy = { ...spec({}).policy, adopt: true };
    const networks = spec({}).networks.map(({ address: _, ...rest }) => rest);
    const [ready] = nodeConditions(
      { ...desired, spec: { ...spec({}), policy, networks } },
      guest('running'),
      idle,
      {},
    );

    assert.equal(ready?.reason, 'NoAddress');
    assert.match(ready.message, /leave policy\.adopt out/);
  });

  it('is Ready when it is defined, runs, has its address and name, answers ssh and cloud-init is done', () => {
    assert.deepEqual(
      conditions({}).map(({ type, status }) => `${type} ${status}`),
      [
        'Ready True',
        'Synced True',
        'Defined True',
        'Running True',
        'AddressBound True',
        'NameResolved True',
        'SSHReachable True',
        'CloudInitDone True',
        'AddressAgreed True',
      ],
    );
  });

  const missing: readonly [what: string, Situation, type: string, expected: string][] = [
    ['no domain', { observed: nothing, probes: {} }, 'Defined', 'False NotDefined'],
    ['a domain that is off', { observed: guest('shutoff'), probes: {} }, 'Running', 'False NotRunning'],
    ['no reservation', { probes: {} }, 'AddressBound', 'False NoAddress'],
    ['no lease', { probes: { address: ADDRESS, fqdn: FQDN } }, 'AddressBound', 'False NoLease'],
    ['DNS that was not asked yet', { probes: without('dns') }, 'NameResolved', 'Unknown NotAsked'],
    [
      'DNS that does not answer',
      { probes: { ...without('dns'), dnsFailure: { reason: 'DnsUnreachable', message: 'it is silent' } } },
      'NameResolved',
      'Unknown DnsUnreachable',
    ],
    [
      'a name without address',
      { probes: { ...up, dns: { addresses: [], names: [FQDN] } } },
      'NameResolved',
      'False ForwardDiffers',
    ],
    [
      'a name with two addresses',
      { probes: { ...up, dns: { addresses: [ADDRESS, '192.168.111.72'], names: [FQDN] } } },
      'NameResolved',
      'False ForwardDiffers',
    ],
    [
      'an address without name',
      { probes: { ...up, dns: { addresses: [ADDRESS], names: ['x'] } } },
      'NameResolved',
      'False ReverseDiffers',
    ],
    ['ssh not tried', { probes: without('ssh', 'cloudInit') }, 'SSHReachable', 'False NotTried'],
    [
      'another host key',
      { probes: { ...without('cloudInit'), ssh: { ok: false, reason: 'HostKeyMismatch', message: 'x' } } },
      'SSHReachable',
      'False HostKeyMismatch',
    ],
    [
      'cloud-init at work',
      { probes: { ...up, cloudInit: { done: false, errors: [], detail: 'cloud-init is at init' } } },
      'CloudInitDone',
      'False InProgress',
    ],
    [
      'cloud-init failed',
      { probes: { ...up, cloudInit: { done: true, errors: ['a', 'b'], detail: '' } } },
      'CloudInitDone',
      'False ProvisioningFailed',
    ],
  ];
  for (const [what, situation, type, expected] of missing) {
    it(`${type === 'CloudInitDone' ? 'E58: ' : ''}with ${what} is not Ready, for the reason of ${type}`, () => {
      assert.equal(brief(situation, type), expected);
      assert.equal(brief(situation, 'Ready'), `False ${expected.split(' ')[1] ?? ''}`);
      assert.equal(message(situation, 'Ready'), message(situation, type));
    });
  }

  it('E58: carries the text of what cloud-init failed with', () => {
    const errors = ["('scripts_user', RuntimeError('1 module failed'))", 'no space left'];

    assert.equal(
      message({ probes: { ...up, cloudInit: { done: true, errors, detail: '' } } }, 'Ready'),
      errors.join('; '),
    );
  });

  it('that uses another address than its own says which', () => {
    const situation = { probes: { ...without('ssh', 'cloudInit'), leasedAddress: '192.168.111.72' } };

    assert.equal(brief(situation, 'AddressBound'), 'False OtherAddress');
    assert.match(message(situation, 'Ready'), /192\.168\.111\.72 instead of 192\.168\.111\.150/);
  });

  it('with a static address is bound when ssh answers there with its key', () => {
    assert.equal(brief({ probes: without('leasedAddress') }, 'AddressBound'), 'True Bound');
  });

  it('says in both directions what DNS answers when it is wrong', () => {
    const text = message({ probes: { ...up, dns: { addresses: [], names: ['a', 'b'] } } }, 'NameResolved');

    assert.equal(text, `DNS says ${FQDN} is unknown and ${ADDRESS} is a, b`);
  });
});

function without(...fields: (keyof NodeProbes)[]): NodeProbes {
  return Object.fromEntries(Object.entries(up).filter(([key]) => !fields.includes(key as keyof NodeProbes)));
}

describe('a guest that never asks for its lease', () => {
  const kvm = guest('running', (xml) => xml.replace("<domain type='qemu'", "<domain type='kvm'"));
  const asked = { address: ADDRESS, fqdn: FQDN };

  it('E43: is given time before hints are given', () => {
    const text = message({ observed: { ...kvm, bootingSeconds: 299 }, probes: asked }, 'AddressBound');

    assert.equal(text, `the guest has not asked for ${ADDRESS} yet`);
  });

  it('E102: has its console named, and under kvm a /dev/kvm that does not work as a likely cause', () => {
    const slow = { observed: { ...guest('running'), bootingSeconds: 420 }, probes: asked };

    assert.match(
      message({ ...slow, observed: { ...kvm, bootingSeconds: 420 } }, 'Ready'),
      /7 min after its start; .*k8slab console master00.*\/dev\/kvm.*domainType: qemu/,
    );
    assert.match(message(slow, 'Ready'), /k8slab console master00/);
    assert.doesNotMatch(message(slow, 'Ready'), /kvm/);
  });

  it('has the same hints when nobody knows since when it runs', () => {
    assert.match(
      message({ observed: kvm, probes: asked }, 'Ready'),
      /yet; look at what it prints.*\/dev\/kvm/,
    );
  });

  it('does not change its words every second, which would be a change of the object', () => {
    const texts = [420, 430].map((bootingSeconds) =>
      message({ observed: { ...guest('running'), bootingSeconds }, probes: asked }, 'Ready'),
    );

    assert.equal(texts[0], texts[1]);
  });
});

describe('a Node whose power is Stopped', () => {
  it('is Ready when it is off, and nothing is said of what only a running guest has', () => {
    const off = conditions({ observed: guest('shutoff'), power: 'Stopped', probes: {} });

    assert.deepEqual(
      off.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      ['Ready True Stopped', 'Synced True Reconciled', 'Defined True Defined', 'Running False Stopped'],
    );
  });

  it('is not Ready while it still runs', () => {
    assert.equal(brief({ power: 'Stopped' }, 'Ready'), 'False Stopping');
    const plan = { actions: [], waiting: { reason: 'ShuttingDown', message: 'asked' } } as const;
    assert.equal(brief({ power: 'Stopped', plan }, 'Ready'), 'False ShuttingDown');
  });
});

describe('what a Node waits for', () => {
  for (const reason of [
    'Conflict',
    'MACInUse',
    'DiskNotOurs',
    'DiskMissing',
    'StorageMissing',
    'BackingFileMissing',
    'StartFailed',
  ] as const) {
    it(`is a failure when it is ${reason}: nobody but a person can mend it`, () => {
      const plan = { actions: [], waiting: { reason, message: 'why' } };

      assert.equal(brief({ plan }, 'Synced'), `False ${reason}`);
      assert.equal(brief({ plan }, 'Ready'), `False ${reason}`);
      assert.equal(message({ plan }, 'Ready'), 'why');
    });
  }

  for (const reason of ['NetworkNotFound', 'ImageNotReady', 'BootQueued', 'StartBackOff'] as const) {
    it(`is no failure when it is ${reason}`, () => {
      const plan = { actions: [], waiting: { reason, message: 'why' } };

      assert.deepEqual(
        [brief({ plan }, 'Ready'), brief({ plan }, 'Synced')],
        [`False ${reason}`, 'True Reconciled'],
      );
    });
  }
});

describe('what a Node goes without', () => {
  it('is told beside Ready, which it leaves as it is, and the status does not plan again', () => {
    const pending = [
      { type: 'CloudInitDrifted', reason: 'SettingsChanged', message: 'why' },
      { type: 'RestartRequired', reason: 'RestartRequired', message: 'how' },
    ] as const;

    const found = conditions({ plan: { actions: [], pending } });

    assert.deepEqual(
      found.slice(-2),
      pending.map((each) => ({ ...each, status: 'True' })),
    );
    assert.equal(found[0]?.status, 'True');
    assert.equal(conditions({}).length, found.length - 2);
  });
});

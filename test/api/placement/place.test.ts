import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { place } from '../../../src/api/placement/place.ts';
import { labOf, type LabText } from './labs.ts';

const TWO = { v1: {}, v2: {} };

function bindings(text: LabText): Record<string, string> {
  return Object.fromEntries(place(labOf(text)).bindings.map(({ node, vmhost }) => [node, vmhost]));
}

function whyThere(text: LabText): Record<string, string> {
  return Object.fromEntries(place(labOf(text)).bindings.map(({ node, why: there }) => [node, there]));
}

function why(text: LabText, node = 'a'): string | undefined {
  return place(labOf(text)).unschedulable.get(node);
}

describe('who goes where', () => {
  it('spreads the Nodes of a role, and takes the vmhost with the most left for the others', () => {
    const master = { role: 'master' };

    assert.deepEqual(bindings({ vmhosts: TWO, nodes: { a: master, b: master } }), { a: 'v1', b: 'v2' });
    assert.deepEqual(bindings({ vmhosts: { v1: { memory: '32Gi' }, v2: {} }, nodes: { a: {} } }), {
      a: 'v2',
    });
  });

  it('prefers a vmhost that has the image, but not to keeping masters apart', () => {
    const vmhosts = { v1: {}, v2: { status: { images: ['debian'] } } };
    const masters = { a: { role: 'master' }, b: { role: 'master' } };

    assert.deepEqual(bindings({ vmhosts, nodes: { a: {} } }), { a: 'v2' });
    assert.deepEqual(bindings({ vmhosts, nodes: masters }), { a: 'v2', b: 'v1' });
  });

  it('never moves what is bound, however full its vmhost is', () => {
    const vmhosts = { v1: { memory: '1Gi', spec: { drain: true } }, v2: {} };
    const nodes = { a: { vmhost: 'v1', memory: '8Gi' }, b: { vmhost: 'v9' } };

    assert.deepEqual(bindings({ vmhosts, nodes }), {});
  });

  it('has the same answer in whatever order the lab is told', () => {
    const nodes = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`n${at}`, { role: 'worker', memory: `${1 + (at % 7)}Gi` }]),
    );
    const turned = Object.fromEntries(Object.entries(nodes).toReversed());
    const vmhosts = { v1: { memory: '32Gi' }, v2: {}, v3: { memory: '48Gi' } };
    const lab = labOf({ vmhosts, nodes });
    const other = { ...labOf({ vmhosts, nodes: turned }), vmhosts: lab.vmhosts.toReversed() };

    assert.deepEqual(place(other), place(lab));
  });

  it('fills no vmhost beyond what it has, in the same round neither', () => {
    const nodes = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`n${at}`, { memory: '3Gi' }]));
    const found = place(labOf({ vmhosts: { v1: { memory: '7Gi' }, v2: { memory: '5Gi' } }, nodes }));

    assert.equal(found.bindings.length, 3);
    assert.equal(found.unschedulable.size, 2);
  });

  it('keeps a Network without an overlay on one vmhost, the one with room for all of it', () => {
    const vmhosts = { v1: { memory: '9Gi' }, v2: { memory: '8Gi', cpu: '100' } };
    const nodes = { a: { cpus: 40 }, b: { cpus: 40 } };
    const networks = { net: { isFlat: true } };

    assert.deepEqual(bindings({ vmhosts, nodes, networks }), { a: 'v2', b: 'v2' });
    assert.deepEqual(bindings({ vmhosts, nodes: { a: { vmhost: 'v1' }, b: {} }, networks }), { b: 'v1' });
  });

  it('puts Nodes together that Networks without an overlay connect by way of others', () => {
    const networks = {
      net: { isFlat: true },
      two: { isFlat: true, spec: { cidr: '10.1.0.0/24', podCIDR: undefined } },
    };
    const nodes = {
      a: { networks: [{ network: 'net' }], role: 'master', memory: '4Gi' },
      b: { networks: [{ network: 'two' }], role: 'worker', memory: '3Gi' },
      c: { networks: [{ network: 'net' }, { network: 'two' }] },
    };

    assert.equal(new Set(Object.values(bindings({ vmhosts: TWO, networks, nodes }))).size, 1);
    assert.equal(Object.values(bindings({ vmhosts: TWO, networks, nodes })).length, 3);
  });

  it('puts a clone where its source is, in one round with it', () => {
    const nodes = {
      a: { disk: { cloneOf: 'b' }, memory: '9Gi' },
      b: { disk: { cloneOf: 'c' } },
      c: { pin: 'v2' },
    };

    assert.deepEqual(bindings({ vmhosts: TWO, nodes }), { a: 'v2', b: 'v2', c: 'v2' });
  });

  it('leaves alone what is being removed', () => {
    const found = place(labOf({ vmhosts: TWO, nodes: { a: { isRemoved: true } } }));

    assert.deepEqual([found.bindings, found.unschedulable.size], [[], 0]);
  });
});

describe('why there', () => {
  const MASTER = { role: 'master' };

  it('says what decided between the best vmhost and the next', () => {
    const imaged = { v1: {}, v2: { status: { images: ['debian'] } } };
    const full = { v1: { memory: '32Gi' }, v2: {} };
    const three = { v1: imaged.v2, v2: {}, v3: { ...imaged.v2, memory: '32Gi' } };

    assert.deepEqual(whyThere({ vmhosts: three, nodes: { a: {} } }), {
      a: '3 of 3 vmhosts take it, and this one has the most left',
    });
    assert.deepEqual(whyThere({ vmhosts: TWO, nodes: { a: MASTER, b: MASTER } }), {
      a: '2 of 2 vmhosts take it, all alike',
      b: '2 of 2 vmhosts take it, and this one has the fewest Nodes of its role',
    });
    assert.deepEqual(whyThere({ vmhosts: imaged, nodes: { a: {} } }), {
      a: '2 of 2 vmhosts take it, and this one has its Image already',
    });
    assert.deepEqual(whyThere({ vmhosts: full, nodes: { a: {} } }), {
      a: '2 of 2 vmhosts take it, and this one has the most left',
    });
  });

  it('says that there was no choice', () => {
    const full = { v1: { memory: '1Gi' }, v2: {} };

    assert.deepEqual(whyThere({ vmhosts: { v1: {} }, nodes: { a: {} } }), { a: 'there is no other vmhost' });
    assert.deepEqual(whyThere({ vmhosts: full, nodes: { a: { memory: '4Gi' } } }), {
      a: 'no other of 2 vmhosts takes it',
    });
    assert.deepEqual(whyThere({ vmhosts: TWO, nodes: { a: { pin: 'v2' } } }), { a: 'spec.vmhost names it' });
  });

  it('says of Nodes that have to be together what keeps them so', () => {
    const networks = { net: { isFlat: true } };
    const vmhosts = { v1: { memory: '9Gi' }, v2: { memory: '8Gi', cpu: '100' } };

    assert.deepEqual(whyThere({ vmhosts, networks, nodes: { a: { cpus: 40 }, b: { cpus: 40 } } }), {
      a: '2 of 2 vmhosts take it, and this one has room for all that have to be together',
      b: 'no other of 2 vmhosts takes it',
    });
  });
});

describe('why nowhere', () => {
  it('says of each vmhost what is in the way', () => {
    const vmhosts = {
      v1: { spec: { unschedulable: true } },
      v2: { memory: '3Gi' },
      v3: { status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'VmhostAway' }] } },
      v4: { status: { allocatable: undefined } },
    };

    assert.equal(
      why({ vmhosts, nodes: { a: { memory: '16Gi' } } }),
      'v1: is cordoned; v2: needs 16Gi memory, 3Gi free; v3: is away; v4: has not said what it has',
    );
  });

  it('counts where there are many vmhosts', () => {
    const many = Object.fromEntries(Array.from({ length: 97 }, (_, at) => [`w${at}`, { memory: '3Gi' }]));
    const vmhosts = { ...many, v1: { spec: { drain: true } }, v2: { memory: '3500Mi' } };

    assert.equal(
      why({ vmhosts, nodes: { a: { memory: '16Gi' } } }),
      'none of 99 vmhosts: 98 have too little left (needs 16Gi memory, 3500Mi free at most), 1 is being drained',
    );
  });

  it('says what a selector, a pin, KVM, a Network or a source keeps a Node from', () => {
    const flat = { net: { isFlat: true } };
    const vmhosts = { v1: {} };
    const pinned = { pin: 'v1', memory: '99Gi' };

    assert.equal(
      why({ vmhosts, nodes: { a: { vmhostSelector: { matchLabels: { zone: 'x' } } } } }),
      'v1: does not have the labels zone=x',
    );
    assert.equal(
      why({ vmhosts, nodes: { a: pinned } }),
      'v1: needs 99Gi memory, 64Gi free (spec.vmhost names it)',
    );
    assert.equal(
      why({ vmhosts, nodes: { a: { pin: 'v7' } } }),
      'spec.vmhost names "v7", and no such vmhost has registered',
    );
    assert.equal(why({ vmhosts, nodes: { a: { domainType: 'kvm' } } }), 'v1: has no KVM');
    assert.equal(
      why({ vmhosts: { v1: { status: { libvirtVersion: '8.10.0' } } }, nodes: { a: {} } }),
      'v1: has a libvirt that is too old',
    );
    assert.equal(
      why({ vmhosts, networks: flat, nodes: { a: {}, b: { vmhost: 'v2' } } }),
      'v1: Network "net" has no overlay and lives on v2',
    );
    assert.equal(
      why({ vmhosts, nodes: { a: { disk: { cloneOf: 'b' } }, b: { vmhost: 'v2' } } }),
      'v1: Node "b", of which it is a clone, is on v2',
    );
  });

  it('says what the Node itself lacks before it speaks of vmhosts', () => {
    const vmhosts = { v1: {} };

    assert.match(why({ vmhosts, nodes: { a: { disk: { path: '/d' } } } }) ?? '', /say which in spec.vmhost$/);
    assert.match(
      why({ vmhosts, nodes: { a: { policy: { adopt: true } } } }) ?? '',
      /say which in spec.vmhost$/,
    );
    assert.equal(why({ vmhosts, networks: {}, nodes: { a: {} } }), 'Network "net" is not there');
    assert.equal(
      why({ vmhosts, nodes: { a: { disk: { cloneOf: 'a' } } } }),
      'Node "a", of which it is a clone, is not placed yet',
    );
    assert.match(
      why({ vmhosts, nodes: { a: { memory: 'much' } } }) ?? '',
      /^its manifest cannot be read: spec.memory/,
    );
    assert.equal(why({ nodes: { a: {} } }), 'no vmhost has registered yet');
  });
});

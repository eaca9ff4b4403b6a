import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clashOf, freeNetwork, freePodRange, sizesFor, type Taken } from '../../../src/cli/init/sizes.ts';

const GIB = 1024 ** 3;
const small = { memoryMib: 512 };

describe('what each guest of a first lab gets', () => {
  const cases: readonly [gib: number, nodes: [number, number, boolean], expected: number | undefined][] = [
    [8, [1, 0, false], 4096],
    [8, [1, 1, false], 2048],
    [8, [1, 2, false], undefined],
    [16, [1, 2, true], 3072],
    [16, [3, 3, false], undefined],
    [32, [3, 2, true], 4096],
    [128, [1, 2, false], 8192],
    [4, [1, 0, false], undefined],
  ];
  for (const [gib, [masters, workers, loadBalancer], expected] of cases) {
    it(`of ${gib} GiB, ${masters} + ${workers} nodes is ${expected ?? 'too little'}`, () => {
      const size = (): number =>
        sizesFor({ memoryTotal: gib * GIB, cpus: 4 }, { image: small, masters, workers, loadBalancer })
          .nodeMib;

      if (expected === undefined) assert.throws(size, { reason: 'TooManyNodes' });
      else assert.equal(size(), expected);
    });
  }

  it('is refused with what would fit', () => {
    const wanted = { image: small, masters: 3, workers: 3, loadBalancer: true };
    assert.throws(() => sizesFor({ memoryTotal: 16 * GIB, cpus: 4 }, wanted), {
      hint: 'ask for 4 masters and workers together',
    });
  });

  it('is the memory that was said, whatever that leaves the host', () => {
    const said = sizesFor(
      { memoryTotal: 2 * GIB, cpus: 0 },
      { image: small, masters: 1, workers: 0, loadBalancer: true },
      3072,
    );
    assert.deepEqual([said.cpus, said.nodeMib], [1, 3072]);
  });

  it('is no more CPUs than there are', () => {
    const wanted = { image: small, masters: 1, workers: 0, loadBalancer: false };
    for (const [cpus, expected] of [
      [1, 1],
      [2, 2],
      [16, 2],
    ] as const)
      assert.equal(sizesFor({ memoryTotal: 16 * GIB, cpus }, wanted).cpus, expected);
  });
});

describe('a free network', () => {
  const routed = (...cidrs: readonly string[]): Taken => ({
    routes: cidrs.map((cidr) => ({ dev: 'wg0', cidr })),
    networks: [],
  });

  it('overlaps nothing that the machine has', () => {
    assert.equal(freeNetwork(routed()), '192.168.111.0/24');
    const taken = routed('192.168.111.128/25', '192.168.112.0/24', '10.0.0.0/8');
    assert.equal(freeNetwork(taken), '192.168.113.0/24');
    assert.equal(freeNetwork(routed('192.168.0.0/16')), '10.111.0.0/24');
    assert.equal(freePodRange(routed('10.200.3.0/24')), '10.201.0.0/16');
  });

  it('is within what a wider route leads to, as that of a VPN, where there is no other', () => {
    assert.equal(freeNetwork(routed('192.168.0.0/16', '10.0.0.0/8')), '192.168.111.0/24');
    assert.equal(freePodRange(routed('10.0.0.0/8', '10.200.3.0/24')), '10.201.0.0/16');
    const networks = [{ name: 'all', cidr: '10.0.0.0/8' }];
    assert.equal(freePodRange({ routes: [], networks }), undefined);
  });

  it('is compared with blocks of any length, as k8slabd does it', () => {
    const taken = routed('172.17.0.0/16', '192.168.110.0/24', 'fd00::/8', 'nonsense');
    assert.equal(clashOf('192.168.111.0/24', taken), undefined);
    assert.match(clashOf('192.168.0.0/16', taken) ?? '', /overlaps 192\.168\.110\.0\/24/);
  });
});

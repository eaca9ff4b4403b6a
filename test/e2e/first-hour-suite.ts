import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Lab } from '../lab/lab.ts';

const CLASHING = `apiVersion: k8slab.io/v1alpha1
kind: Network
metadata: { name: clash }
spec: { cidr: 192.168.111.0/25, forward: { dev: enp9s0 } }
`;

/** What a newcomer has before and beside a lab that runs. */
export function firstHourSuite(lab: () => Lab): void {
  it('is found sound by doctor, which says what would be wrong with other manifests', async () => {
    const sound = await lab().exec(['k8slab', 'doctor']);
    await lab().writeFile('/root/wrong/a.yaml', CLASHING);
    const wrong = await lab().exec(['k8slab', 'doctor', '-f', '/root/wrong', '-o', 'json']);

    assert.equal(sound.code, 0, sound.stdout);
    assert.match(sound.stdout, /^OK +libvirt +\d+\.\d+/m);
    assert.match(sound.stdout, /^OK +manifests +8 objects/m);
    assert.equal(wrong.code, 1);
    const { checks } = JSON.parse(wrong.stdout) as { checks: { check: string; status: string }[] };
    const failed = checks.filter(({ status }) => status === 'FAIL').map(({ check }) => check);
    assert.deepEqual(failed, ['uplink of clash', 'addresses of clash']);
  });

  it('writes the manifests of another lab, beside what the vmhost has', async () => {
    const made = await lab().must([
      'k8slab',
      'init',
      '--yes',
      '--offline',
      '--memory',
      '2Gi',
      '--dir',
      '/root/first',
    ]);

    assert.equal(made.trimEnd().split('\n').length, 5);
    await lab().must(['k8slab', 'validate', '--strict', '/root/first']);
    assert.doesNotMatch(await lab().readFile('/root/first/network.yaml'), /192\.168\.111\.0/);
    assert.equal(
      (await lab().exec(['k8slab', 'init', '--yes', '--offline', '--dir', '/root/first'])).code,
      1,
    );
    assert.match(
      (await lab().exec(['k8slab', 'doctor', '-f', '/root/first'])).stdout,
      /^OK +addresses of k8s-lab/m,
    );
  });

  it('is collected into a report that only root may read, without a secret', async () => {
    await lab().must(['install', '-D', '-m', '600', '/dev/null', '/etc/k8slab/secrets/s']);
    await lab().must([
      'sh',
      '-c',
      'printf open-sesame >/etc/k8slab/secrets/s; logger -t k8slabd said open-sesame',
    ]);
    await lab().must(['k8slab', 'diagnose', '-o', '/root/report.tar.gz']);

    const script = `mkdir /root/report && tar -xzf /root/report.tar.gz -C /root/report --strip-components=1 && ls -R /root/report`;
    const listed = await lab().must(['sh', '-c', script]);
    assert.match(await lab().must(['stat', '-c', '%a', '/root/report.tar.gz']), /^600$/m);
    for (const name of [
      'README',
      'doctor.txt',
      'plan.txt',
      'events.json',
      'master00.live.xml',
      'k8s-net.xml',
      'k8slabd.txt',
    ])
      assert.match(listed, new RegExp(`^${name}$`, 'm'));
    assert.match(await lab().readFile('/root/report/README'), /Nothing lacks\./);
    for (const secret of ['open-sesame', 'PRIVATE KEY', 'echo updated']) {
      assert.equal((await lab().exec(['grep', '-rF', '-e', secret, '/root/report'])).code, 1, secret);
    }
    // It stands in the journal by now, and is none any more.
    await lab().must(['rm', '/etc/k8slab/secrets/s']);
  });
}

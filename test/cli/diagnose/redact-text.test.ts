import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactText, secretList } from '../../../src/cli/diagnose/redact-text.ts';

const HIDE = 'PLANTED';

describe('a text for a report', () => {
  const leaks: readonly [what: string, text: string][] = [
    [
      'a private key',
      `x\n-----BEGIN OPENSSH PRIVATE KEY-----\n${HIDE}AAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\ny`,
    ],
    ['a private key that is cut off', `x -----BEGIN PRIVATE KEY-----\nAAAA\n${HIDE}BBB`],
    [
      'a private key in JSON',
      `{"key":"-----BEGIN RSA PRIVATE KEY-----\\n${HIDE}\\n-----END RSA PRIVATE KEY-----\\n"}`,
    ],
    ['credentials in a URL', `GET https://me:${HIDE}@mirror.example/x`],
    ['a token as the user of a URL', `git clone https://${HIDE}@git.example/x`],
    ['credentials in a URI of libvirt', `connect: qemu+tcp://me:${HIDE}@host/system`],
    ['the query of a URL', `cannot fetch https://s3.example/a.img?X-Amz-Signature=${HIDE}&b=1: 403`],
    ['a hash of crypt', `root:$6$rounds=4096$abcdefgh$${HIDE}./abcdefghijkl:19000:0`],
    ['a hash of yescrypt', `passwd: $y$j9T$${HIDE}$abcdefghijklmn`],
    ['a hash of bcrypt', `x $2b$12$${HIDE}abcdefghijklmnop`],
    ['a hash of LDAP', `userPassword {SSHA}${HIDE}abcdef==`],
    ['a JSON web token', `cookie eyJhbGciOiJIUzI1NiJ9.${HIDE}abc.def`],
    ['a token of GitHub', `x ghp_${HIDE}0123456789abcdefghijklmnop`],
    ['a bearer token', `Authorization: Bearer ${HIDE}abcdef`],
    ['basic authentication', `authorization: basic ${HIDE}abcdef==`],
    ['a password in YAML', `password: ${HIDE} with spaces and, commas`],
    ['a password in JSON', `{"level":30,"password":"a \\" ${HIDE}","b":1}`],
    ['a password in JSON within JSON', `{"msg":"{\\"password\\":\\"${HIDE}\\"}"}`],
    ['a password in a file of settings', `DB_PASSWORD=${HIDE}`],
    ['a password in single quotes', `passwd='it''s ${HIDE}'`],
    ['a password of VNC in XML', `<graphics type='vnc' passwd='${HIDE}'/>`],
    ['a password as an element', `<password type="x">${HIDE}</password>`],
    ['a token on a command line', `kubeadm join --token ${HIDE}x --v=5`],
    ['a password on a command line', `mysql --password=${HIDE} x`],
    ['a certificate key', `--certificate-key ${HIDE}0123`],
    ['the key of a kubeconfig', `    client-key-data: ${HIDE}==`],
    ['an API key', `apiKey: ${HIDE}`],
    ['a client secret', `"client_secret": "${HIDE}"`],
    ['a pre-shared key', `wpa_psk=${HIDE}`],
  ];
  for (const [what, text] of leaks) {
    it(`has ${what} no longer`, () => {
      assert.doesNotMatch(redactText(text), new RegExp(HIDE));
    });
  }

  it('has a bootstrap token of kubeadm no longer, which says nothing of itself', () => {
    assert.equal(redactText('join abcdef.0123456789abcdef now'), 'join <redacted> now');
  });

  const kept: readonly string[] = [
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP4xKQ/1fZ0JBrzuhT9UzsOlJv/nskRcqQW6VhTntAro me@host',
    'passwordFile: /etc/k8slab/secrets/haproxy-stats',
    'lock_passwd: true',
    'ssh_pwauth: false',
    'reason: SecretExposed',
    'https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2',
    'checksum: sha256:4b0f9b1c4b0f9b1c4b0f9b1c4b0f9b1c4b0f9b1c4b0f9b1c4b0f9b1c4b0f9b1c',
    '192.168.111.150 master00.k8s-thw.local master00',
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----',
    "<host mac='52:54:00:5e:53:fb' name='master00' ip='192.168.111.150'/>",
    'k8slab_driver_calls_total{driver="virsh",op="net-dumpxml"} 12',
    '{"level":30,"msg":"libvirt changed","argv":["define","--file","XML"],"mutates":true}',
    'password: <redacted>',
    '"name": "vmhost.18b5a4c39de06f72"',
  ];
  for (const text of kept)
    it(`still says ${text.split('\n')[0] ?? ''}`, () => assert.equal(redactText(text), text));

  it('goes on after a private key', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
    assert.equal(redactText(`before\n${key}\nafter`), 'before\n<redacted>\nafter');
  });

  it('has none of the secrets that are known, whatever stands around them', () => {
    const { secrets } = secretList(['open', 'open sesame\n', 'a'], ['install', 'x y z 123']);

    assert.deepEqual(secrets, ['open sesame', 'x y z 123', 'open']);
    assert.equal(
      redactText('said:open sesame/x y z 123 and reopened', secrets),
      'said:<redacted>/<redacted> and re<redacted>ed',
    );
  });

  it('has none of them though many Nodes say the same, and what is too many is told', () => {
    const script = Array.from({ length: 60 }, (_, line) => `echo step ${line}`);
    const likely = Array.from({ length: 20 }, (_, node) => [...script, `join --secret ${node}`]).flat();

    const { secrets, left } = secretList([], likely, 100);
    assert.deepEqual([secrets.length, left, secrets.includes('join --secret 19')], [80, 0, true]);
    assert.equal(secretList([], likely, 70).left, 10);
  });

  it('takes a time that grows with its length alone', () => {
    const text = `${'-----BEGIN PRIVATE KEY-----'.repeat(2000)}${'password'.repeat(20_000)}${'https://'.repeat(5000)}${'a.'.repeat(50_000)}`;
    const started = performance.now();
    redactText(text);
    assert.ok(performance.now() - started < 3000);
  });
});

import assert from 'node:assert/strict';
import type { Vmhost } from '../lab/lab.ts';

/**
 * Prints where the secrets of a vmhost can be read by others than root: every key that k8slab made, the token of its API, and
 * what /etc/k8slab/secrets holds. Of a key its lines but the first, which is the same in many.
 */
const SEARCH = String.raw`
umask 077
work=$(mktemp -d /root/secrets.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
find /etc/k8slab/ssh /var/lib/k8slab -type f -exec grep -l 'PRIVATE KEY' {} + 2>/dev/null |
  while read -r key; do sed 1,2d "$key" | grep -v -e ---- | grep -E '.{16}'; done >known
find /etc/k8slab/secrets -type f -exec grep -hE '.{6}' {} + 2>/dev/null >>known
[ -f /var/lib/k8slab/api/token ] && cat /var/lib/k8slab/api/token >>known
sed -i '/^[[:space:]]*$/d' known
echo "$(wc -l <known) known" >&2
[ -s known ] || exit 0
look() { grep -qFf known && echo "$1"; }
journalctl -o cat --no-pager | look journal
curl -s http://127.0.0.1:9811/metrics | look metrics
k8slab get vmhosts,networks,images,nodes,loadbalancers -o json 2>/dev/null | look status
k8slab get events -o json 2>/dev/null | look events
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | look argv
if k8slab diagnose --output report.tar.gz >/dev/null 2>&1; then gzip -dc report.tar.gz | grep -aqFf known && echo diagnose; fi
setpriv --reuid=65534 --regid=65534 --clear-groups \
  find /etc /run /var /tmp /home -type f -size -4096k -readable -print0 2>/dev/null >readable
xargs -0 -r grep -lFf known <readable 2>/dev/null
true
`;

/** @throws AssertionError that names the places */
export async function assertNoSecretsToldOf(lab: Vmhost): Promise<void> {
  const { code, stdout, stderr } = await lab.exec(['sh', '-c', SEARCH]);
  console.log(`# secrets searched for: ${stderr.trim()}`);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '', 'secrets are readable by others than root');
}

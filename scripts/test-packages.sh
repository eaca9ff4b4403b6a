#!/bin/sh
# Installs the Debian packages that the tests run for real, and says so; does nothing where they are there.
set -eu
missing=
for pair in virsh:libvirt-clients qemu-img:qemu-utils xorriso:xorriso genisoimage:genisoimage xz:xz-utils zstd:zstd \
  bridge:iproute2 nft:nftables ping:iputils-ping promtool:prometheus sshd:openssh-server haproxy:haproxy \
  gpg:gpg dpkg-scanpackages:dpkg-dev openssl:openssl lintian:lintian man:man-db fish:fish zsh:zsh; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
echo "installing Debian packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Services are not started: the tests start what they need themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  trap 'rm -f $policy' EXIT
fi
apt-get update -q >/dev/null
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing >/dev/null

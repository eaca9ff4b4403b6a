#!/bin/sh
# A lab whose vmhost has libvirt's modular daemons, with the tutorial's machines: up.sh [NAME] (as root, from the top of the checkout).
# Ends with 0 once all is Ready and verified, and libvirtd was not started. The first run builds libvirt, which takes minutes.
set -eu
name=${1:-modular}
here=$(dirname "$(readlink -f "$0")")
cache=${K8SLAB_LAB_CACHE:-/var/cache/k8slab-lab}

lab() { npm run -s lab -- "$@"; }
vmhost() { lab exec --name "$name" -- "$@"; }

lab up --name "$name" --suite trixie --no-apply
tree=$(ls -dt "$cache"/vmhost-trixie-????????????/ | head -n 1)
archive="$cache/libvirt-modular-$(cat "$here/build.sh" "$here/compile.sh" | sha256sum | cut -c1-12)-$(basename "$tree").tgz"
if [ ! -e "$archive" ]; then
  work=$(mktemp -d "$cache/libvirt-modular.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  sh "$here/build.sh" "${tree%/}" "$work" "$archive"
fi
vmhost sh -c "$(cat "$here/switch.sh")" <"$archive"
tar -C manifests/lab -cf - . | vmhost tar -C /etc/k8slab.d -xf - --no-same-owner
vmhost systemctl start k8slabd.service
for kind in network image node; do vmhost k8slab wait "$kind" --all --for=condition=Ready --timeout 10m; done
vmhost k8slab doctor
vmhost k8slab verify
if vmhost systemctl is-active libvirtd.socket libvirtd.service; then
  echo 'libvirtd was started' >&2
  exit 1
fi

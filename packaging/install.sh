#!/bin/sh
# Installs k8slab from this checkout: packaging/install.sh [DESTDIR]
# Needs the checkout's node_modules (npm ci), no network. Without DESTDIR it installs into the running system; then
# `systemctl daemon-reload && systemctl enable --now k8slabd`.
set -eu
top=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
dest=${1:-}
lib=$dest/usr/lib/k8slab

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

[ -e "$top/node_modules/.package-lock.json" ] || fail "there are no npm dependencies here: run npm ci in $top first"
node=
for candidate in "$top"/node_modules/node-linux-*/bin/node "$(command -v node || true)"; do
  [ -x "$candidate" ] || continue
  node=$candidate
  break
done
[ -n "$node" ] || fail 'there is no node to install'

rm -rf "$lib"
install -d "$lib/bin" "$dest/usr/bin" "$dest/usr/sbin" "$dest/usr/lib/systemd/system" "$dest/etc/k8slab.d"
install -m 755 "$node" "$lib/bin/node"
for part in schemas manifests; do
  [ ! -e "$top/$part" ] || cp -R -- "$top/$part" "$lib/"
done
# By the node that is installed: what it compiles beforehand is for itself alone.
"$lib/bin/node" --disable-warning=ExperimentalWarning "$top/scripts/bundle.ts" "$lib"

ln -sfn ../lib/k8slab/k8slab.mjs "$dest/usr/bin/k8slab"
ln -sfn ../lib/k8slab/k8slabd.mjs "$dest/usr/sbin/k8slabd"
install -d "$dest/usr/share/bash-completion/completions"
"$lib/bin/node" "$lib/k8slab.mjs" completion bash >"$dest/usr/share/bash-completion/completions/k8slab"
for unit in "$top"/packaging/systemd/*; do
  [ ! -e "$unit" ] || install -m 644 "$unit" "$dest/usr/lib/systemd/system/"
done

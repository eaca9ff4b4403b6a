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
install -d "$lib/bin" "$lib/node_modules" "$dest/usr/bin" "$dest/usr/sbin" "$dest/usr/lib/systemd/system" "$dest/etc/k8slab.d"
install -m 755 "$node" "$lib/bin/node"
for part in cmd src schemas manifests package.json; do
  [ ! -e "$top/$part" ] || cp -R -- "$top/$part" "$lib/"
done

# What package-lock.json marks as neither for development nor optional: the latter is Node itself, and native speed-ups that a
# checkout does not build.
# shellcheck disable=SC2016
list='const { packages } = require(process.argv[1]);
for (const [path, { dev, optional, devOptional }] of Object.entries(packages))
  if (path !== "" && !dev && !optional && !devOptional) console.log(path);'
packages=$("$node" -e "$list" "$top/package-lock.json")
for path in $packages; do
  # A nested copy (a/node_modules/b) comes along with the package that holds it.
  case ${path#node_modules/} in */node_modules/*) continue ;; esac
  [ -d "$top/$path" ] || fail "$path is missing: run npm ci in $top first"
  mkdir -p "$lib/$(dirname "$path")"
  cp -R -- "$top/$path" "$lib/$path"
done

ln -sfn ../lib/k8slab/cmd/k8slab "$dest/usr/bin/k8slab"
ln -sfn ../lib/k8slab/cmd/k8slabd "$dest/usr/sbin/k8slabd"
install -d "$dest/usr/share/bash-completion/completions"
"$lib/bin/node" "$lib/cmd/k8slab.ts" completion bash >"$dest/usr/share/bash-completion/completions/k8slab"
for unit in "$top"/packaging/systemd/*; do
  [ ! -e "$unit" ] || install -m 644 "$unit" "$dest/usr/lib/systemd/system/"
done

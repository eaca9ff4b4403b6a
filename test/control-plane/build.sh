#!/bin/sh
# Builds a real kube-apiserver, kubectl and etcd from Go modules: build.sh OUT WORK
# Nine minutes on two cores; another build on the same machine takes what Go's own cache has.
set -eu
out=$1 work=$2
kubernetes=1.37.2 staging=0.37.2 etcd=3.7.3
mkdir -p "$out"
out=$(cd "$out" && pwd)
export CGO_ENABLED=0 GOFLAGS='-mod=mod -buildvcs=false' GOTOOLCHAIN=auto

# Go from 1.21 on fetches the toolchain that a module asks for by itself; Debian 12's is older, so Debian 13's is unpacked.
if ! go version 2>/dev/null | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
  "$(dirname "$0")/../lab/fetch-debs.sh" trixie "$work/go" golang-1.24-go golang-1.24-src
  export GOROOT="$work/go/tree/usr/lib/go-1.24"
  PATH=$GOROOT/bin:$PATH
fi

# module REQUIRED VERSION: goes to a module in a directory of its own, with the replacements of $work/replaced
module() {
  mkdir "$work/module-${1##*/}"
  cd "$work/module-${1##*/}"
  { printf 'module x\ngo 1.26\nrequire %s %s\n' "$1" "$2" && cat "$work/replaced"; } >go.mod
}

# Kubernetes' own go.mod replaces its parts by directories, which a module cannot have: they are named by version.
wanted=$(GOFLAGS='' go mod download -json "k8s.io/kubernetes@v$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
sed -nE "s|^\s+(k8s.io/[a-z-]+) v0\.0\.0\$|replace \1 => \1 v$staging|p" "$wanted" >"$work/replaced"
module k8s.io/kubernetes "v$kubernetes"
printf 'package main\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver/app"\nfunc main() {}\n' >main.go
minor=${kubernetes#1.}
named=
for of in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  named="$named -X $of.gitVersion=v$kubernetes -X $of.gitMajor=1 -X $of.gitMinor=${minor%.*}"
done
for program in kube-apiserver kubectl; do
  go build -ldflags="-s -w$named" -o "$out/$program" "k8s.io/kubernetes/cmd/$program"
done

for part in api client/pkg client pkg; do
  echo "replace go.etcd.io/etcd/$part/v3 => go.etcd.io/etcd/$part/v3 v$etcd"
done >"$work/replaced"
module go.etcd.io/etcd/server/v3 "v$etcd"
go build -ldflags='-s -w' -o "$out/etcd" go.etcd.io/etcd/server/v3

#!/bin/sh
# Unpacks packages of a Debian suite into DIRECTORY/tree, without installing any: fetch-debs.sh SUITE DIRECTORY PACKAGE…
# By an apt that knows of nothing but that suite.
set -eu
suite=$1 root=$2
shift 2
mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial" "$root/etc" "$root/tree"
touch "$root/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] http://deb.debian.org/debian $suite main" >"$root/etc/sources.list"
# apt_in COMMAND…: apt-get with directories of its own
apt_in() {
  apt-get -qq -o "Dir::State=$root/state" -o "Dir::State::status=$root/status" -o "Dir::Cache=$root/cache" \
    -o "Dir::Etc::sourcelist=$root/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o 'Acquire::Languages=none' -o APT::Sandbox::User=root "$@"
}
apt_in update
(cd "$root" && apt_in download "$@")
for deb in "$root"/*.deb; do dpkg-deb --extract "$deb" "$root/tree"; done

#!/bin/sh
# libvirt with its modular daemons as an archive: build.sh TREE WORK ARCHIVE (as root). Debian's build makes them too, and packages
# libvirtd alone, so they are built from the source of the very version that TREE, a vmhost of the lab, has. WORK is thrown away.
set -eu
tree=$1 work=$2 archive=$3
mkdir -p "$work/upper" "$work/work" "$work/root"
unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
  tree=$1 work=$2 script=$3 root=$2/root
  mount -t overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/work" overlay "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  cp "$script" "$root/root/compile.sh"
  exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh /root/compile.sh
' build "$tree" "$work" "$(dirname "$(readlink -f "$0")")/compile.sh"
mv "$work/upper/root/libvirt-modular.tgz" "$archive"

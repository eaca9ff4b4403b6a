#!/bin/sh
# Builds the debian guest: build.sh OUT.qcow2 WORK (an empty directory for what comes in between)
# Debian with the real cloud-init, as a cloud image has it, without what only costs time under emulation.
set -eu
out=$1 work=$2
here=$(dirname "$(readlink -f "$0")")
tree=$work/tree kernel=$work/kernel boot=$work/boot initrd=$work/initrd

packages=systemd-sysv,udev,dbus,kmod,cloud-init,cloud-guest-utils,netplan.io,systemd-resolved,libnss-resolve,openssh-server
packages=$packages,sudo,python3,haproxy,iproute2,iputils-ping,procps,fdisk,e2fsprogs,curl,less
mmdebstrap -q --mode=root --variant=minbase --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/locale.alias' \
  --include="$packages" --customize-hook="'$here/customize.sh' \"\$1\"" bookworm "$tree"
# The kernel without its package, which would make an initramfs of its own, in vain and for a minute.
mmdebstrap -q --mode=root --variant=extract --aptopt='Acquire::Languages "none"' \
  --include=linux-image-cloud-amd64,busybox-static bookworm "$kernel"
version=$(basename "$kernel"/lib/modules/*)
mkdir -p "$tree/usr/lib/modules"
cp -a "$kernel/lib/modules/$version" "$tree/usr/lib/modules/"
chroot "$tree" depmod "$version"

mkdir -p "$boot" "$initrd/bin" "$initrd/modules" "$initrd/proc" "$initrd/sys" "$initrd/dev" "$initrd/root"
install -m 755 "$here/init" "$initrd/init"
install -m 755 "$kernel/bin/busybox" "$initrd/bin/busybox"
ln -s busybox "$initrd/bin/sh"
modules=$(sed -n '/^modules=/s/modules="\(.*\)"/\1/p' "$here/init")
for module in $modules; do
  cp "$(find "$tree/usr/lib/modules" -name "$module.ko")" "$initrd/modules/"
done
(cd "$initrd" && find . | sort | cpio -o -H newc --quiet) >"$boot/initrd"
cp "$kernel"/boot/vmlinuz-* "$boot/vmlinuz"
cp "$here/syslinux.cfg" "$boot/syslinux.cfg"
"$here/../make-disk.sh" "$out" "$boot" "$tree" 1536

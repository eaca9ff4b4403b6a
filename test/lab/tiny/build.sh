#!/bin/sh
# Builds the tiny guest: build.sh OUT.qcow2 WORK (an empty directory for what comes in between)
# Debian's cloud kernel and an initramfs that is the whole system; it boots in seconds under emulation.
set -eu
out=$1 work=$2
here=$(dirname "$(readlink -f "$0")")
tree=$work/tree root=$work/root boot=$work/boot

mmdebstrap -q --mode=root --variant=extract --aptopt='Acquire::Languages "none"' \
  --include=linux-image-cloud-amd64,busybox-static,dropbear-bin,iputils-ping,jq bookworm "$tree"

mkdir -p "$root" "$boot" "$work/disk"
cp -a "$here/root/." "$root/"
mkdir -p "$root/etc/dropbear" "$root/usr/lib/modules" "$root/usr/lib64" "$root/usr/sbin" "$root/proc" "$root/sys" "$root/dev" "$root/run" \
  "$root/disk" "$root/www" "$root/root" "$root/home" "$root/srv" "$root/var/log" "$root/var/lib"
mkdir -m 1777 "$root/tmp"
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
ln -s ../run "$root/var/run"
ln -s ../proc/mounts "$root/etc/mtab"

# Setuid for su; busybox drops the privilege for all other applets.
install -m 4755 "$tree/bin/busybox" "$root/usr/bin/busybox"
for applet in $("$root/usr/bin/busybox" --list); do
  [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
done

# Called by its path, for busybox's shell prefers its own, which has room for a dozen answers: more at once count as lost.
rm "$root/usr/bin/ping"
for binary in /usr/sbin/dropbear /usr/bin/dropbearkey /usr/bin/dbclient /usr/lib/dropbear/dropbearconvert /bin/ping /usr/bin/jq; do
  cp -L "$tree$binary" "$root/usr/bin/"
  chroot "$tree" /lib64/ld-linux-x86-64.so.2 --list "$binary" | grep -o '/[^ ]*' >>"$work/libraries"
done
chmod 4755 "$root/usr/bin/ping"
mv "$root/usr/bin/dropbear" "$root/usr/sbin/dropbear"
sort -u "$work/libraries" | while read -r library; do
  case $library in
  /lib64/*) cp -L "$tree$library" "$root/usr/lib64/" ;;
  *) cp -L "$tree$library" "$root/usr/lib/" ;;
  esac
done
while read -r step modules; do
  echo "$modules" >"$root/usr/lib/modules/$step"
  for module in $modules; do
    cp "$(find -L "$tree/lib/modules" -name "$module.ko" | head -n1)" "$root/usr/lib/modules/"
  done
done <"$here/modules"

(cd "$root" && find . | sort | cpio -o -H newc --quiet) >"$boot/initrd"
cp "$tree"/boot/vmlinuz-* "$boot/vmlinuz"
cp "$here/syslinux.cfg" "$boot/syslinux.cfg"
"$here/../make-disk.sh" "$out" "$boot" "$work/disk" 16

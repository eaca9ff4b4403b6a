#!/bin/sh
# Makes a fresh Debian tree a cloud image: customize.sh TREE (a hook of mmdebstrap; runs outside the tree, as root).
set -eu
tree=$1
here=$(dirname "$(readlink -f "$0")")
echo localhost >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n' >"$tree/etc/hosts"
# The initramfs mounts the only file system there is.
: >"$tree/etc/fstab"
: >"$tree/etc/machine-id"
rm -f "$tree/var/lib/dbus/machine-id" "$tree"/etc/ssh/ssh_host_*
ln -sf ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
install -m 644 "$here/cloud.cfg" "$tree/etc/cloud/cloud.cfg.d/90-lab.cfg"
mkdir -p "$tree/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$tree/etc/systemd/journald.conf.d/lab.conf"

# HAProxy is there for k8slab to set up, not before.
chroot "$tree" systemctl -q disable haproxy.service
chroot "$tree" systemctl -q enable systemd-networkd.service systemd-resolved.service
# Under emulation each process counts, and nobody misses these.
chroot "$tree" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer systemd-pstore.service getty@tty1.service serial-getty@ttyS0.service \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
  modprobe@configfs.service modprobe@drm.service modprobe@dm_mod.service modprobe@fuse.service modprobe@loop.service \
  modprobe@efi_pstore.service kmod-static-nodes.service systemd-modules-load.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-remount-fs.service systemd-network-generator.service cloud-config.service

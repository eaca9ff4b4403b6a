#!/bin/sh
# Makes a fresh Debian tree the vmhost: customize.sh TREE (a hook of mmdebstrap; runs outside the tree, as root).
set -eu
tree=$1
here=$(dirname "$(readlink -f "$0")")

echo vmhost >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tvmhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$tree/etc/hosts"
# Nobody answers there, but it refuses at once: an unknown name costs a guest no time-out.
echo 'nameserver 198.51.100.2' >"$tree/etc/resolv.conf"

# The tutorial's vmhost speaks Japanese.
echo 'ja_JP.UTF-8 UTF-8' >"$tree/etc/locale.gen"
chroot "$tree" locale-gen >/dev/null
chroot "$tree" update-locale LANG=ja_JP.UTF-8

# A container has no cgroup controllers to hand out, and its root owns all image files.
cat >>"$tree/etc/libvirt/qemu.conf" <<'CONF'
cgroup_controllers = [ ]
security_driver = "none"
user = "root"
group = "root"
CONF
# The nftables backend wants a traffic control module that not every kernel has.
if [ -e "$tree/etc/libvirt/network.conf" ]; then
  echo 'firewall_backend = "iptables"' >>"$tree/etc/libvirt/network.conf"
fi

install -m 755 "$here/outside.sh" "$tree/usr/local/sbin/lab-outside"
install -m 644 "$here/lab-outside.service" "$tree/etc/systemd/system/lab-outside.service"
chroot "$tree" systemctl -q enable lab-outside.service
# Who reaches guests through another vmhost needs its sshd; a vmhost that is alone runs none.
chroot "$tree" systemctl -q disable ssh.service
chroot "$tree" systemctl -q mask console-getty.service systemd-logind.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
mkdir -p "$tree/srv/images"
# Empty, not absent: each boot gets an identity of its own.
: >"$tree/etc/machine-id"

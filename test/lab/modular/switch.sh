# Runs in the vmhost: the archive on standard input takes the place of its libvirt, and the modular daemons that of libvirtd.
set -eu
monolithic='libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service'
systemctl stop $monolithic virtlogd.socket virtlogd-admin.socket virtlogd.service
tar -xzf - -C / --no-same-owner --keep-directory-symlink
ldconfig
systemctl daemon-reload
systemctl -q mask $monolithic
systemctl reset-failed
systemctl -q enable --now virtlogd.socket virtlockd.socket
for driver in qemu network nodedev nwfilter secret storage interface; do
  systemctl -q enable "virt${driver}d.service"
  systemctl start "virt${driver}d.socket" "virt${driver}d-ro.socket" "virt${driver}d-admin.socket"
done

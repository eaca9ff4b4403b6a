#!/bin/sh
# Makes a disk that boots by itself, without loop devices or mounts: make-disk.sh OUT.qcow2 BOOT ROOT ROOT_MIB
# BOOT: files of the first partition (FAT, with syslinux; vmlinuz, initrd, syslinux.cfg).
# ROOT: files of the second partition (ext4, ROOT_MIB large, the last one so that a guest can grow it).
set -eu
out=$1 boot=$2 root=$3 root_mib=$4
export MTOOLS_SKIP_CHECK=1 MKE2FS_DEVICE_SECTSIZE=512
boot_mib=$(($(du -sm "$boot" | cut -f1) + 4))
rm -f "$out.boot" "$out.root" "$out.raw"

truncate -s "${boot_mib}M" "$out.boot"
mkfs.vfat -n BOOT "$out.boot" >/dev/null
mcopy -i "$out.boot" "$boot"/* ::/
syslinux --install "$out.boot"

truncate -s "${root_mib}M" "$out.root"
mkfs.ext4 -q -L root -m 0 -O ^metadata_csum -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$out.root"

truncate -s $((1 + boot_mib + root_mib))M "$out.raw"
printf 'label: dos\nstart=1MiB, size=%sMiB, type=c, bootable\ntype=83\n' "$boot_mib" | sfdisk -q "$out.raw"
dd if=/usr/lib/syslinux/mbr/mbr.bin of="$out.raw" conv=notrunc bs=440 count=1 status=none
dd if="$out.boot" of="$out.raw" conv=notrunc,sparse bs=1M seek=1 status=none
dd if="$out.root" of="$out.raw" conv=notrunc,sparse bs=1M seek=$((1 + boot_mib)) status=none
qemu-img convert -O qcow2 "$out.raw" "$out"
rm -f "$out.boot" "$out.root" "$out.raw"

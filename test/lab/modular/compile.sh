# Runs in the tree where libvirt is built (build.sh), with Debian's options as far as they matter to the lab.
set -eu
export DEBIAN_FRONTEND=noninteractive
version=$(dpkg-query -W -f '${source:Version}' libvirt0)
triplet=$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)

find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec cat {} + | sed -n 's/^deb /deb-src /p' >/etc/apt/sources.list.d/source.list
apt-get update -q
apt-get install -y -q --no-install-recommends \
  bash-completion dpkg-dev gcc gettext libacl1-dev libattr1-dev libblkid-dev libc6-dev libcap-ng-dev libdevmapper-dev libglib2.0-dev \
  libgnutls28-dev libjson-c-dev libnl-3-dev libnl-route-3-dev libparted-dev libpciaccess-dev libreadline-dev libtirpc-dev libudev-dev \
  libxml2-dev libxml2-utils meson ninja-build patch pkgconf python3-docutils xsltproc xz-utils

# The two archives, not the .dsc: a mirror may lack that, and apt checks the archives by its index.
mkdir /root/source
cd /root/source
apt-get source -q --tar-only "libvirt=$version"
apt-get source -q --diff-only "libvirt=$version"
tar xf libvirt_*.orig.tar.xz --strip-components=1
tar xf libvirt_*.debian.tar.xz
grep -v '^#' debian/patches/series | while read -r patch; do [ -z "$patch" ] || patch -sp1 <"debian/patches/$patch"; done

# Other than Debian's: remote_default_mode=direct, as upstream and Fedora have it.
meson setup build --prefix=/usr --sysconfdir=/etc --localstatedir=/var --libdir="/usr/lib/$triplet" --libexecdir=/usr/lib/libvirt \
  --buildtype=plain -Doptimization=1 -Dauto_features=disabled -Drunstatedir=/run -Dinitconfdir=/etc/default \
  -Dunitdir=/usr/lib/systemd/system -Dno_git=true -Dinit_script=systemd -Dnls=enabled -Drpath=disabled -Ddocs=disabled -Dtests=disabled \
  -Ddriver_libvirtd=enabled -Ddriver_remote=enabled -Dremote_default_mode=direct -Ddriver_qemu=enabled -Ddriver_network=enabled \
  -Ddriver_interface=enabled -Ddriver_secrets=enabled -Ddriver_test=enabled -Dstorage_dir=enabled -Dstorage_fs=enabled \
  -Dfirewall_backend_priority=iptables,nftables -Dudev=enabled -Dpciaccess=enabled -Dblkid=enabled -Djson_c=enabled -Dlibnl=enabled \
  -Dcapng=enabled -Dattr=enabled -Dreadline=enabled -Dqemu_user=libvirt-qemu -Dqemu_group=libvirt-qemu \
  -Dqemu_moddir="/usr/lib/$triplet/qemu" -Dqemu_datadir=/usr/share/qemu
nice -n 15 ninja -C build
DESTDIR=/root/built meson install -C build --no-rebuild --quiet

cd /root/built
tar -czf /root/libvirt-modular.tgz usr/sbin usr/bin/virsh usr/bin/virt-admin usr/lib/libvirt usr/lib/systemd usr/lib/"$triplet"/*.so* \
  usr/lib/"$triplet"/libvirt usr/share/libvirt usr/share/locale/ja etc/libvirt/virt*.conf etc/libvirt/libvirt.conf

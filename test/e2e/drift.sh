#!/bin/sh
# Takes something of guest a away by hand 50 times, and prints after how many milliseconds it is back: drift.sh MAC IP
set -eu
mac=$1 ip=$2
export LC_ALL=C
files=/var/lib/libvirt/dnsmasq/k8slab-k8s-net
xml=/etc/libvirt/qemu/networks/k8s-net.xml
virsh net-dumpxml k8s-net | grep "mac='$mac'" | sed 's/^ *//' > /root/host.xml
printf "<host ip='%s'><hostname>a.k8s-thw.local</hostname></host>" "$ip" > /root/dns.xml
now() { date +%s%3N; }
back() {
  what=$1; shift
  began=$(now)
  until "$@"; do
    [ $(( $(now) - began )) -lt 20000 ] || { echo "$what never came back" >&2; exit 1; }
  done
  echo "$what $(( $(now) - began ))"
}
in_config() { grep -q "$mac.*name=" $xml; }
in_file() { grep -q "$mac" $files-dhcp/hosts; }
gone_from_file() { ! in_file; }
in_names() { grep -q "a.k8s-thw.local" $files-dns/hosts; }
gone_from_names() { ! in_names; }
quiet() { until "$@"; do :; done; }
for try in $(seq 10); do
  virsh -q net-update k8s-net delete ip-dhcp-host /root/host.xml --live > /dev/null
  back live in_file
  virsh -q net-update k8s-net add ip-dhcp-host /root/host.xml --live > /dev/null
  quiet gone_from_file
done
for try in $(seq 20); do
  virsh -q net-update k8s-net delete dns-host /root/dns.xml --live > /dev/null
  back dns in_names
  virsh -q net-update k8s-net add dns-host /root/dns.xml --live > /dev/null
  quiet gone_from_names
done
for try in $(seq 20); do
  virsh -q net-update k8s-net delete ip-dhcp-host /root/host.xml --config > /dev/null
  back config in_config
done

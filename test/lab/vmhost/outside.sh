#!/bin/sh
# Gives the vmhost an outside world: a second network namespace behind eth0 that owns 198.51.100.2 and answers ping.
# Guests reach it through libvirt's NAT; nothing beyond it exists.
set -eu
ip link show eth0 >/dev/null 2>&1 && exit 0
ip netns add outside
ip link add eth0 type veth peer name eth0 netns outside
ip addr add 198.51.100.1/24 dev eth0
ip link set eth0 up
ip -n outside addr add 198.51.100.2/24 dev eth0
ip -n outside link set lo up
ip -n outside link set eth0 up
ip route add default via 198.51.100.2
# systemd-sysctl does not run in a container.
echo 1 >/proc/sys/net/ipv4/ip_forward
for file in /proc/sys/net/bridge/bridge-nf-call-*tables; do
  [ ! -e "$file" ] || echo 0 >"$file"
done

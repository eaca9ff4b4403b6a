/** Finds the NIC and the DHCP client that looks after it; each of them asks for its address again. */
const RENEW = `
for dev in /sys/class/net/*; do
  [ "$(cat "$dev/address" 2>/dev/null)" = "$1" ] && nic=\${dev##*/}
done
[ -n "$nic" ] || exit 3
pid=$(cat "/run/udhcpc.$nic.pid" 2>/dev/null)
if networkctl --no-legend --no-pager list "$nic" 2>/dev/null | grep -Eqw 'configured|configuring'; then
  # A renewal that is refused ends there until the lease has run out; this one begins anew.
  networkctl reconfigure "$nic"
elif [ "$(nmcli -g GENERAL.STATE device show "$nic" 2>/dev/null | cut -d' ' -f1)" = 100 ]; then
  nmcli device connect "$nic"
elif [ -n "$pid" ]; then
  # Released first it would ask anew at once; but of two signals it may see the second one first, and stay released.
  kill -USR1 "$pid"
elif [ -e /etc/network/interfaces ] || [ -d /etc/sysconfig/network-scripts ]; then
  ifdown "$nic"; ifup "$nic"
else
  dhclient -r "$nic"; dhclient "$nic"
fi`;

/** The connection ends with the address that it was made to: the work is done apart from it, a moment later. */
const APART = `
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
as_root true || exit 1
as_root setsid sh -c 'sleep 2; exec sh -c "$0" renew "$1"' "$1" "$2" </dev/null >/dev/null 2>&1 &`;

/** A command that makes a guest ask for the address of that NIC again. It returns at once. */
export function renewLeaseCommand(mac: string): string[] {
  return ['sh', '-c', APART, 'k8slab', RENEW, mac];
}

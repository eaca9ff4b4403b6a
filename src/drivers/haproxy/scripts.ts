/** Scripts for a guest's sh, run as root there. What varies comes as arguments: $1 haproxy.cfg, $2 the stats socket. */
const PRELUDE = String.raw`
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
cfg=$1 socket=$2
unit=haproxy.service
# Each process costs: guests may be emulated, and this is between a change and its effect.
listened() {
  awk '$4 == "0A" {n = split($2, part, ":"); printf ":%s ", part[n]}' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
# As its package brought it.
pristine() {
  if command -v dpkg-query >/dev/null 2>&1; then
    want=$(dpkg-query -W -f='\${Conffiles}\n' haproxy 2>/dev/null | awk -v file="$cfg" '$1 == file {print $2}')
    [ -n "$want" ] && [ "$(md5sum <"$cfg" | cut -d' ' -f1)" = "$want" ]
  else
    rpm -q haproxy >/dev/null 2>&1 && ! rpm -V --nodeps haproxy 2>/dev/null | grep -q "^..5.* $cfg\$"
  fi
}
pythons='python3 /usr/libexec/platform-python python'
can_ask() {
  for tool in socat perl $pythons; do command -v "$tool" >/dev/null 2>&1 && return 0; done
  return 1
}
# By whatever the guest has; perl without its modules starts fastest.
ask() {
  [ -S "$socket" ] || return 1
  perl -e 'socket(S, 1, 1, 0) && connect(S, pack("S a108", 1, $ARGV[0])) or exit 1; alarm 5; syswrite S, "$ARGV[1]\n"; print while <S>' \
    "$socket" "$1" 2>/dev/null && return 0
  printf '%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$socket" 2>/dev/null && return 0
  for python in $pythons; do
    "$python" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.sendall((sys.argv[2] + "\n").encode())
for line in s.makefile(): sys.stdout.write(line)' "$socket" "$1" 2>/dev/null && return 0
  done
  return 1
}
worker() { ask 'show info' | sed -n 's/^Pid: //p'; }
active() { systemctl -q is-active $unit; }
listens() {
  open=$(listened)
  for port in $ports; do
    case "$open" in *":$(printf '%04X' "$port")"*) ;; *) return 1 ;; esac
  done
}
# $1: whether it runs already.
start_or_reload() {
  if [ "$1" = yes ]; then
    systemctl reload $unit
  else
    systemctl reset-failed $unit 2>/dev/null
    systemctl start $unit
  fi
}
# Within 10 s: another worker than $before answers, and every one of $ports is listened on.
served() {
  asks=no
  can_ask && asks=yes
  IFS=. read -r now rest </proc/uptime
  end=$((now + 10))
  while [ "$now" -le $end ]; do
    if [ $asks = no ]; then
      active && listens && return 0
    else
      pid=$(worker)
      [ -n "$pid" ] && [ "$pid" != "$before" ] && listens && return 0
    fi
    sleep 0.2
    IFS=. read -r now rest </proc/uptime
  done
  return 1
}
`;

/** Prints what there is as KEY=VALUE lines, then what HAProxy says of itself. Changes nothing. */
export const LOOK = `${PRELUDE}${String.raw`
if command -v getenforce >/dev/null 2>&1; then echo "selinux=$(getenforce)"; fi
command -v haproxy >/dev/null 2>&1 || exit 0
answer=$(ask 'show info;show stat')
if [ -z "$answer" ]; then haproxy -v 2>/dev/null | { read -r line; echo "version=$line"; }; fi
if [ -e "$cfg.k8slab-old" ] && ! flock -n "$cfg.k8slab-lock" true 2>/dev/null; then echo busy=yes; fi
[ ! -e "$cfg" ] || stat -c 'access=%U:%G %a' "$cfg"
[ -e "$cfg.k8slab" ] || [ ! -e "$cfg" ] || ! pristine || echo pristine=yes
sha256sum "$cfg" "$cfg.k8slab" 2>/dev/null | while read -r sum path; do
  case $path in *.k8slab) echo "written=$sum" ;; *) echo "sha256=$sum" ;; esac
done
systemctl show $unit -p ActiveState -p UnitFileState
echo "ports=$(listened)"
echo
printf '%s\n' "$answer"
`}`;

export const REJECTED = 65;
export const NOT_SERVED = 70;
export const TORN = 74;

/**
 * Takes the new configuration from standard input; $3 is its SHA-256, the rest are the ports that must be listened on.
 * It stands only if HAProxy accepts it and serves it; otherwise the old one is there again, and HAProxy's words are printed.
 */
export const APPLY = `${PRELUDE}${String.raw`
wanted=$3
shift 3
ports=$*
new=$cfg.k8slab-new old=$cfg.k8slab-old
umask 077
[ -e "$cfg" ] || mkdir -p "$(dirname "$cfg")"
exec 9>"$cfg.k8slab-lock"
flock 9 2>/dev/null || true
cat >"$new"
if ! echo "$wanted  $new" | sha256sum --status -c; then
  rm -f "$new"
  echo 'it did not arrive whole'
  exit ${TORN}
fi
if ! words=$(haproxy -c -f "$new" 2>&1); then
  rm -f "$new"
  printf '%s\n' "$words"
  exit ${REJECTED}
fi
sync "$new" 2>/dev/null || sync
[ ! -e "$old" ] || rm -f "$old"
if [ -e "$cfg" ]; then
  [ -e "$cfg.k8slab" ] || pristine || cp -p "$cfg" "$cfg.before-k8slab"
  ln "$cfg" "$old"
fi
before=$(worker)
ran=no
if [ -n "$before" ] || active; then ran=yes; fi
mv -f "$new" "$cfg"
if words=$(start_or_reload $ran 2>&1) && served; then
  cp -p "$cfg" "$cfg.k8slab-mark" && mv -f "$cfg.k8slab-mark" "$cfg.k8slab"
  rm -f "$old"
  exit 0
fi
printf '%s\n' "$words"
journalctl -u $unit --since -30s -o cat --no-pager 2>/dev/null | tail -n 20
if [ -e "$old" ]; then mv -f "$old" "$cfg"; else rm -f "$cfg"; fi
if [ $ran = yes ]; then start_or_reload yes; else systemctl stop $unit; fi >/dev/null 2>&1
exit ${NOT_SERVED}
`}`;

export const ENABLE = `${PRELUDE}
systemctl enable $unit
`;

/** $3 and on: the ports that must be listened on then. */
export const START_OR_RELOAD = `${PRELUDE}${String.raw`
shift 2
ports=$*
ran=no
active && ran=yes
before=$(worker)
start_or_reload $ran && served
`}`;

/** Makes the ports, $3 and on, known to SELinux as ones for HTTP, unless they are something already. */
export const LABEL_PORTS = `${PRELUDE}${String.raw`
shift 2
command -v semanage >/dev/null 2>&1 || exit 0
known=$(semanage port -l)
for port; do
  printf '%s\n' "$known" | awk -v port="$port" '
    $2 == "tcp" && $1 != "unreserved_port_t" && $1 != "reserved_port_t" && $1 != "hi_reserved_port_t" {
      gsub(",", " ")
      for (i = 3; i <= NF; i++) if ($i == port) found = 1
    }
    END {exit !found}' && continue
  semanage port -a -t http_port_t -p tcp "$port" || exit 1
done
`}`;

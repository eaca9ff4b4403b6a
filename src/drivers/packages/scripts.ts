export const NO_MANAGER = 69;

/**
 * For a guest's sh, run as root there. All output goes to a log in the guest, $1, and is shown from there: a connection that
 * breaks must not end a package manager halfway.
 */
const PRELUDE = String.raw`
export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
log=$1
for manager in apt-get dnf yum ''; do
  command -v "$manager" >/dev/null 2>&1 && break
done
[ -n "$manager" ] || exit ${NO_MANAGER}
umask 077
: >"$log"
tail -n +1 -s 0.5 --pid=$$ -f "$log" 2>/dev/null &
say() { printf '%s\n' "$1" >>"$log"; }
# The manager, again and again while another one holds a lock, for ten minutes at most.
manage() {
  tries=0
  while :; do
    seen=$(wc -l <"$log")
    "$@" >>"$log" 2>&1 </dev/null && return 0
    code=$?
    tail -n "+$((seen + 1))" "$log" | grep -Eq 'Could not get lock|Unable to (acquire|lock)|locked by another process|is another process using it' || return $code
    [ $tries -lt 120 ] || return $code
    say 'waiting for another package manager'
    tries=$((tries + 1))
    sleep 5
  done
}
apt() {
  manage apt-get -q -y -o DPkg::Lock::Timeout=60 -o Acquire::Retries=3 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}
`;

/** $2: the package. */
export const INSTALL = `${PRELUDE}${String.raw`
case $manager in
apt-get)
  manage dpkg --configure -a
  apt update || say 'the lists of packages are not up to date'
  apt --no-install-recommends install "$2"
  ;;
*)
  manage $manager -y install "$2" || exit $?
  case $(getenforce 2>/dev/null) in
  Enforcing | Permissive)
    command -v semanage >/dev/null 2>&1 || manage $manager -y install policycoreutils-python-utils ||
      manage $manager -y install policycoreutils-python || say 'semanage cannot be installed: ports are not labelled'
    ;;
  esac
  ;;
esac
`}`;

export const UPDATE = `${PRELUDE}${String.raw`
case $manager in
apt-get) manage dpkg --configure -a && apt update && apt --with-new-pkgs upgrade ;;
dnf) manage dnf -y upgrade ;;
yum) manage yum -y update ;;
esac || exit $?
[ ! -e /var/run/reboot-required ] || say 'reboot required'
`}`;

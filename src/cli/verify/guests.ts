import { ReasonedError } from '../../api/errors.ts';
import { mapAtOnce } from '../../drivers/at-once.ts';
import type { SshTarget } from '../../drivers/ssh.ts';
import type { Check, Place, Verdict, VerifyWorld, WantedGuest } from './types.ts';
import { failed, list, ok, skipped, timed } from './verdict.ts';

/** Guests that are logged in to at once. */
const AT_ONCE = 16;
/** Names that one guest is asked for: of a thousand guests each name is asked by so many, and not by a thousand. */
export const NAMES_EACH = 32;
const SSH_MS = 30_000;
const PING_MS = 20_000;

/** In the guest: what its own resolver says of each NAME ADDRESS. */
const NAMES = `command -v getent >/dev/null || { echo none; exit 0; }
while [ $# -gt 1 ]; do
  echo "forward $1 $(getent ahostsv4 "$1" 2>/dev/null | while read -r ip rest; do echo "$ip"; break; done)"
  echo "reverse $2 $(getent hosts "$2" 2>/dev/null | while read -r ip name rest; do echo "$name"; break; done)"
  shift 2
done`;

/** A name too: the guest has to resolve it. */
const PING = `command -v ping >/dev/null || exit 127
ping -c 1 -W 3 "$1" 2>&1`;

/** A guest that is on a network, so that it can be reached. */
interface Reached {
  readonly guest: WantedGuest;
  readonly place: Place;
}

export interface Inside {
  readonly guests: readonly WantedGuest[];
  /** Those whose names they are asked for. */
  readonly all: readonly WantedGuest[];
  /** One that is off is told by its machine. */
  readonly isOn: (guest: WantedGuest) => boolean;
}

/** What guests say themselves: who they are, whom they find, and whom they reach. By the names of the guests. */
export async function checkInGuests(
  world: VerifyWorld,
  { guests, all, isOn }: Inside,
): Promise<ReadonlyMap<string, readonly Check[]>> {
  const rings = ringsOf(onNetworks(all));
  const here = guests.filter((guest) => isOn(guest) && guest.elsewhere === undefined);
  const found = await mapAtOnce(onNetworks(here), AT_ONCE, async (each) => ({
    each,
    checks: await lookInside(world, each, following(rings, each, NAMES_EACH)),
  }));
  const answering = found.filter(({ checks }) => checks[0]?.result === 'ok').map(({ each }) => each);
  // Of some that were chosen, those beside them are not known to answer, and are pinged all the same.
  const pinged = ringsOf(here.length === all.length ? answering : onNetworks(all.filter(isOn)));
  const pings = await mapAtOnce(answering, AT_ONCE, async (each) => {
    const [next] = following(pinged, each, 1);
    return next === undefined ? [] : [await ping(world, each, next)];
  });
  const pingsOf = new Map(answering.map(({ guest }, index) => [guest.name, pings[index] ?? []]));
  return new Map(
    found.map(({ each: { guest }, checks }) => [guest.name, [...checks, ...(pingsOf.get(guest.name) ?? [])]]),
  );
}

function onNetworks(guests: readonly WantedGuest[]): Reached[] {
  return guests.flatMap((guest) => {
    const [place] = guest.places;
    return guest.running && place !== undefined ? [{ guest, place }] : [];
  });
}

/** The guests of a network, and which place in the ring each has. */
interface Ring {
  readonly members: readonly Reached[];
  readonly at: ReadonlyMap<string, number>;
}

function ringsOf(guests: readonly Reached[]): ReadonlyMap<string, Ring> {
  const byNetwork = Map.groupBy(guests, ({ place }) => place.network);
  return new Map(
    [...byNetwork].map(([network, members]) => {
      const at = new Map(members.map(({ guest }, index) => [guest.name, index]));
      return [network, { members, at }] as const;
    }),
  );
}

/** Those that come after it on its network, the first after the last; never itself. */
function following(rings: ReadonlyMap<string, Ring>, { guest, place }: Reached, count: number): Reached[] {
  const { members: ring = [], at: places } = rings.get(place.network) ?? {};
  const at = places?.get(guest.name) ?? 0;
  const rest = Math.min(count, ring.length - 1);
  return Array.from({ length: Math.max(0, rest) }, (_, index) => ring[(at + 1 + index) % ring.length]).filter(
    (each) => each !== undefined,
  );
}

function targetOf({ guest: { user, hostKey = '' }, place }: Reached): SshTarget {
  return { address: place.ip, user, hostKeys: [hostKey] };
}

/** A guest that does not answer is one line. */
async function lookInside(world: VerifyWorld, each: Reached, peers: readonly Reached[]): Promise<Check[]> {
  const { guest } = each;
  const object = `node/${guest.name}`;
  if (guest.hostKey === undefined) {
    const unknown = skipped(
      'its host key is not known, so nobody can tell who answers; see spec.ssh.hostKey',
    );
    return [await timed(world, [object, 'ssh'], () => Promise.resolve(unknown))];
  }
  const login = await timed(world, [object, 'ssh'], () => loginVerdict(world, each));
  if (login.result !== 'ok' || peers.length === 0) return [login];
  const names = await timed(world, [object, 'guest-dns'], () => askNames(world, each, peers));
  return [login, names];
}

async function loginVerdict({ ssh }: VerifyWorld, each: Reached): Promise<Verdict> {
  const { guest, place } = each;
  const { code, stdout, stderr } = await ssh.exec(targetOf(each), ['uname', '-n'], { deadlineMs: SSH_MS });
  if (code !== 0) return failed(`uname ends with exit code ${code}: ${stderr.trim().slice(0, 200)}`);
  const hostname = stdout.trim();
  const own = [guest.name, place.hostnames[0]].includes(hostname) || guest.adopted;
  return own
    ? ok(`${guest.user}@${place.ip}, its host key verified`)
    : failed(`its host name is ${hostname}`);
}

/** All of them in one call. */
async function askNames({ ssh }: VerifyWorld, each: Reached, peers: readonly Reached[]): Promise<Verdict> {
  const words = peers.flatMap(({ place: { hostnames, ip } }) => [hostnames[0] ?? ip, ip]);
  const argv = ['sh', '-c', NAMES, 'k8slab', ...words];
  const { code, stdout, stderr } = await ssh.exec(targetOf(each), argv, { deadlineMs: SSH_MS });
  if (code !== 0) return failed(`getent ends with exit code ${code}: ${stderr.trim().slice(0, 200)}`);
  return namesVerdict(stdout.trimEnd().split('\n'), peers);
}

function namesVerdict(lines: readonly string[], peers: readonly Reached[]): Verdict {
  if (lines[0] === 'none') return skipped('the guest has no getent');
  const answers = new Map(
    lines.map((line) => {
      const [way = '', key = '', answer = ''] = line.split(' ');
      return [`${way} ${key}`, answer] as const;
    }),
  );
  const wrong = peers.flatMap(({ guest, place: { hostnames, ip } }) => {
    const [fqdn = ip] = hostnames;
    const forward = answers.get(`forward ${fqdn}`) ?? '';
    const reverse = answers.get(`reverse ${ip}`) ?? '';
    return [
      ...(forward === ip ? [] : [`${fqdn} is ${forward === '' ? 'unknown' : forward} instead of ${ip}`]),
      ...([fqdn, guest.name].includes(reverse)
        ? []
        : [`${ip} is ${reverse === '' ? 'unknown' : reverse} instead of ${fqdn}`]),
    ];
  });
  if (wrong.length === 0)
    return ok(`finds ${peers.length} ${peers.length === 1 ? 'guest' : 'guests'}, both ways`);
  return failed(list(wrong.slice(0, 3)) + (wrong.length > 3 ? `, and ${wrong.length - 3} more` : ''));
}

function ping(world: VerifyWorld, each: Reached, { guest, place }: Reached): Promise<Check> {
  const name = place.hostnames[0] ?? place.ip;
  return timed(world, [`node/${each.guest.name}`, 'ping'], async () => {
    const argv = ['sh', '-c', PING, 'k8slab', name];
    const { code, stdout } = await world.ssh.exec(targetOf(each), argv, { deadlineMs: PING_MS });
    if (code === 127) return skipped('the guest has no ping');
    if (code !== 0) throw new ReasonedError('NoReply', `no reply from ${guest.name}: ${lastLine(stdout)}`);
    return ok(`reaches ${guest.name}`);
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}

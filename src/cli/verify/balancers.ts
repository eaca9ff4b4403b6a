import type { ServerStats } from '../../api/load-balancer/haproxy-stats.ts';
import { isServerUp } from '../../api/load-balancer/status.ts';
import type { Check, Verdict, VerifyWorld, WantedBalancer, WantedFrontend } from './types.ts';
import { failed, list, ok, skipped, timed } from './verdict.ts';

const CONNECT_MS = 5000;
const LOOK_MS = 30_000;

/** HAProxy's own word of its servers held against who should be there and who takes connections; then its frontends. */
export async function checkBalancer(world: VerifyWorld, balancer: WantedBalancer): Promise<Check[]> {
  const { name, node, frontends } = balancer;
  const object = `loadbalancer/${name}`;
  const [place] = node.places;
  let servers: readonly ServerStats[] = [];
  const haproxy = await timed(world, [object, 'haproxy'], async () => {
    if (!node.running) return skipped(`Node "${node.name}" is to be off`);
    if (place === undefined || node.hostKey === undefined)
      return failed(`Node "${node.name}" has no address or no host key yet`);
    const target = { address: place.ip, user: node.user, hostKeys: [node.hostKey] };
    const { stats } = await world.haproxy.look(target, AbortSignal.timeout(LOOK_MS));
    if (stats === undefined) return failed(`HAProxy on ${node.name} does not answer on its stats socket`);
    ({ servers } = stats);
    return ok(`HAProxy ${stats.version ?? ''} answers on ${node.name}`);
  });
  if (haproxy.result !== 'ok' || place === undefined) return [haproxy];
  const checks = frontends.flatMap((frontend) => [
    timed(world, [object, 'backend'], () => backendVerdict(world, frontend, servers)),
    timed(world, [object, 'frontend'], () => frontendVerdict(world, frontend, place.ip)),
  ]);
  return [haproxy, ...(await Promise.all(checks))];
}

async function backendVerdict(
  { ssh }: VerifyWorld,
  { backend, servers: wanted }: WantedFrontend,
  all: readonly ServerStats[],
): Promise<Verdict> {
  const told = all.filter((each) => each.backend === backend);
  const pairs = wanted.map((want) => ({ want, server: told.find((each) => isServer(each, want)) }));
  const missing = pairs.filter(({ server }) => server === undefined).map(({ want }) => want.node);
  if (missing.length > 0) return failed(`${list(missing)} is not behind ${backend}`);
  const strangers = told.filter((each) => !pairs.some(({ server }) => server === each));
  if (strangers.length > 0)
    return failed(`${list(strangers.map(({ server }) => server))} is behind ${backend} and should not be`);
  const open = await Promise.all(
    wanted.map(({ ip, port }) => ssh.answers({ address: ip, port }, { deadlineMs: CONNECT_MS })),
  );
  const up = pairs.filter(({ server }) => isUp(server));
  // A server that is down because nothing listens there is no fault of HAProxy's.
  const wrong = pairs.flatMap(({ want, server }, index) =>
    isUp(server) === (open[index] === true)
      ? []
      : [
          `${want.node} is ${server?.state ?? ''}, and port ${want.port} ${open[index] === true ? 'answers' : 'does not answer'}`,
        ],
  );
  if (wrong.length > 0) return failed(wrong.join('; '));
  const [first] = wanted;
  if (first === undefined) return skipped(`no Node is to be behind ${backend}`);
  if (up.length === 0)
    return skipped(`nothing listens on port ${first.port} of ${list(wanted.map(({ node }) => node))} yet`);
  const down = pairs.filter(({ server }) => !isUp(server)).map(({ want }) => want.node);
  const rest = down.length === 0 ? '' : `; nothing listens on ${list(down)}`;
  return ok(`${up.length} of ${wanted.length} servers of ${backend} are up${rest}`);
}

function isServer(
  { server, address }: ServerStats,
  { node, ip }: WantedFrontend['servers'][number],
): boolean {
  return address === undefined ? server.split('.')[0] === node : address === ip;
}

function isUp(server: ServerStats | undefined): boolean {
  return server !== undefined && isServerUp(server);
}

async function frontendVerdict(
  { ssh }: VerifyWorld,
  { name, port, address }: WantedFrontend,
  ip: string,
): Promise<Verdict> {
  const where = address ?? ip;
  if (where.startsWith('127.')) return skipped(`${name} listens on ${where}, inside the guest alone`);
  const answers = await ssh.answers({ address: where, port }, { deadlineMs: CONNECT_MS });
  return answers
    ? ok(`${name} answers on ${where}:${port}`)
    : failed(`${name} does not answer on ${where}:${port}`);
}

import { clashes } from '../manifest/clash.ts';
import type { CrossError, ParsedObject } from '../manifest/types.ts';

/** A guest has one haproxy.cfg. A Node that does not exist is waited for. */
export function loadBalancerErrors(
  loadBalancers: readonly ParsedObject<'LoadBalancer'>[],
): readonly CrossError[] {
  const claims = loadBalancers.map((object) => ({ object, path: ['spec', 'node'], key: object.spec.node }));
  return clashes(claims, ({ key }) => ({
    code: 'DuplicateLoadBalancer',
    message: `the HAProxy of Node "${key}" is also that of`,
  }));
}

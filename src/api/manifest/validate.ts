import { checkImage } from '../image/check.ts';
import { checkLoadBalancer } from '../load-balancer/check.ts';
import { checkNetwork } from '../network/check.ts';
import { checkNode } from '../node/check.ts';
import type { FieldIssue, ParsedObject } from './types.ts';

/** What the schema of one object cannot say: rules between its own fields. Paths begin with `spec`. */
export function checkObject(object: ParsedObject): readonly FieldIssue[] {
  switch (object.kind) {
    case 'Network':
      return checkNetwork(object.spec);
    case 'Image':
      return checkImage(object.spec);
    case 'Node':
      return checkNode(object.spec);
    case 'LoadBalancer':
      return checkLoadBalancer(object.spec);
  }
}

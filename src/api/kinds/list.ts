import { vmhost } from '../vmhost/kind.ts';
import { image } from '../image/kind.ts';
import { loadBalancer } from '../load-balancer/kind.ts';
import { network } from '../network/kind.ts';
import { node } from '../node/kind.ts';
import { indexKinds } from './kinds.ts';

/** All kinds, in the order in which they depend on each other. A new kind is two folders, a line here and its reconciler in src/daemon/wiring.ts. */
export const KINDS = indexKinds([vmhost, network, image, node, loadBalancer]);

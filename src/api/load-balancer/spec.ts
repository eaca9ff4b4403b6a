import { z } from 'zod';
import { absolutePath, driftPolicy, form, ipv4, labelMap, objectName, port, role } from '../kinds/fields.ts';

const seconds = z.int().min(1).max(86_400);
const maxconn = z.int().min(1).max(1_000_000);

/** A section of haproxy.cfg is named by it. */
const sectionName = form(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
  'must be letters, digits, "_", "." and "-", at most 63 characters',
  63,
);

const urlPath = form(/^\/[A-Za-z0-9_.~/-]*$/, 'must be a path such as /healthz', 1024);

const check = z
  .strictObject({
    type: z.enum(['tcp', 'http', 'https', 'none']).default('tcp').meta({
      description:
        'How HAProxy finds out whether a server works: a connection, an HTTP request (https does not verify the certificate), or not at all.',
    }),
    path: urlPath.optional().meta({
      description: 'What an http or https check asks for; / when left out.',
      examples: ['/healthz'],
    }),
    intervalSeconds: seconds.optional().meta({ description: 'Time between two checks; HAProxy takes 2.' }),
    rise: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Good checks until a server is up; HAProxy takes 2.' }),
    fall: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Bad checks until a server is down; HAProxy takes 3.' }),
  })
  .prefault({})
  .meta({ description: 'Health check of each server.' });

const backend = z
  .strictObject({
    name: sectionName
      .optional()
      .meta({ description: "Name of the backend section; the frontend's when left out." }),
    role: role.optional().meta({ description: 'Nodes of this role are its servers.', examples: ['master'] }),
    labels: labelMap.optional().meta({ description: 'Nodes that have all these labels are its servers.' }),
    port: port.meta({ description: 'Port of the servers.', examples: [6443] }),
    maxconn: maxconn.optional().meta({ description: 'Connections at once to one server.' }),
    check,
  })
  .meta({ description: 'Where connections go: Nodes by role, by labels, or by both.' });

const frontend = z.strictObject({
  name: sectionName.meta({ description: 'Name of the frontend section.', examples: ['main'] }),
  address: ipv4.optional().meta({ description: 'Address to listen on; all of them when left out.' }),
  port: port.meta({ description: 'Port to listen on.', examples: [6443] }),
  mode: z
    .enum(['tcp', 'http'])
    .default('tcp')
    .meta({ description: 'What HAProxy understands of the traffic; tcp passes TLS through.' }),
  balance: z
    .enum(['roundrobin', 'static-rr', 'leastconn', 'first', 'source'])
    .default('roundrobin')
    .meta({ description: "How a server is chosen, by HAProxy's names.", examples: ['source'] }),
  maxconn: maxconn.optional().meta({ description: 'Connections at once; that of limits when left out.' }),
  backend,
});

const stats = z
  .strictObject({
    address: ipv4.optional().meta({ description: 'Address to listen on; all of them when left out.' }),
    port: port.default(9000).meta({ description: 'Port of the page.' }),
    path: urlPath.default('/haproxy_stats').meta({ description: 'Path of the page.' }),
    user: form(/^[A-Za-z0-9_.-]{1,64}$/, 'must be letters, digits, "_", "." and "-"', 64)
      .default('admin')
      .meta({ description: 'User that may see the page.' }),
    passwordFile: absolutePath.meta({
      description: "File on the vmhost with the user's password, which only its owner may read.",
      examples: ['/etc/k8slab/secrets/haproxy-stats'],
    }),
    refreshSeconds: seconds.default(30).meta({ description: 'How often the page loads itself anew.' }),
  })
  .meta({ description: "HAProxy's page of statistics; left out: none." });

const limits = z
  .strictObject({
    global: maxconn.default(4000).meta({ description: 'Connections at once of the whole HAProxy.' }),
    frontend: maxconn.default(3000).meta({ description: 'Connections at once of each frontend.' }),
  })
  .prefault({})
  .meta({ description: "HAProxy's maxconn." });

const timeouts = z
  .strictObject({
    connectSeconds: seconds.default(10).meta({ description: 'Until a server has taken a connection.' }),
    clientSeconds: seconds.default(60).meta({ description: 'Silence of a client.' }),
    serverSeconds: seconds.default(60).meta({ description: 'Silence of a server.' }),
    tunnelSeconds: seconds.optional().meta({
      description: 'Silence of a connection once both sides spoke; that of client and server when left out.',
    }),
    queueSeconds: seconds.default(60).meta({ description: 'Wait for a place at a server.' }),
    checkSeconds: seconds.default(10).meta({ description: 'Answer to a health check.' }),
    httpRequestSeconds: seconds.default(10).meta({ description: 'Until a request is whole.' }),
    httpKeepAliveSeconds: seconds.default(10).meta({ description: 'Wait for the next request.' }),
  })
  .prefault({})
  .meta({ description: "HAProxy's timeouts." });

const policy = z
  .strictObject({
    drift: driftPolicy,
    adopt: z.boolean().default(false).meta({
      description:
        'Take over an haproxy.cfg that others wrote; it is kept beside the new one as haproxy.cfg.before-k8slab.',
    }),
  })
  .prefault({})
  .meta({ description: 'What k8slab may do on its own.' });

export const loadBalancerSpec = z.strictObject({
  node: objectName.meta({ description: 'Node that runs HAProxy.', examples: ['loadbalancer'] }),
  frontends: z.array(frontend).min(1).max(64).meta({ description: 'What HAProxy listens on.' }),
  stats: stats.optional(),
  limits,
  timeouts,
  retries: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta({ description: 'Attempts to connect to a server after the first.' }),
  extraConfig: z
    .string()
    .max(65_536)
    .regex(/^[^\u0000-\u0008\u000b-\u001f\u007f]*$/, 'must be text without control characters')
    .optional()
    .meta({
      description: 'More sections for haproxy.cfg, appended as they are.',
      examples: ['listen extra\n    bind *:8080\n    mode http\n'],
    }),
  policy,
});

export type LoadBalancerSpec = z.output<typeof loadBalancerSpec>;
export type FrontendSpec = LoadBalancerSpec['frontends'][number];

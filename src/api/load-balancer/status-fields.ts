import type { StatusFields } from '../kinds/define.ts';
import type { JsonSchema } from '../kinds/json-schema.ts';
import type { ServerStatus } from './object.ts';

const server: Readonly<Record<keyof ServerStatus, JsonSchema>> = {
  backend: { type: 'string', description: 'The backend that the server belongs to.' },
  server: { type: 'string', description: 'Name of the server in it.' },
  node: { type: 'string', description: 'The Node that it is.' },
  address: { type: 'string', description: 'Where HAProxy reaches it.' },
  port: { type: 'integer', description: 'Its port.' },
  state: {
    type: 'string',
    description: "HAProxy's word: UP, DOWN, MAINT, no check; Unknown when it does not tell.",
  },
  sessions: { type: 'integer', description: 'Connections to it now.' },
  sessionsTotal: { type: 'integer', description: 'Connections since HAProxy last read its configuration.' },
};

export const loadBalancerStatus: StatusFields<'LoadBalancer'> = {
  address: { type: 'string', description: 'Address of the Node that HAProxy runs on.' },
  version: { type: 'string', description: 'Version of HAProxy.' },
  servers: {
    type: 'array',
    items: { type: 'object', properties: server },
    description: 'The servers as HAProxy sees them.',
  },
  sessions: { type: 'integer', description: 'Connections to all frontends now.' },
  lastReload: { type: 'string', description: 'When HAProxy last read its configuration, RFC 3339.' },
};

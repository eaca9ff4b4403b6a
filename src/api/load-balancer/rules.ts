import type { CelRule } from '../kinds/rules.ts';

/** What `checkLoadBalancer` says; that frontends have names of their own is said by the type of the list. */
export const loadBalancerRules: readonly CelRule[] = [
  {
    at: 'spec',
    rule: `!has(self.stats) || self.frontends.all(each, each.name != 'stats' && ${backendOf('each')} != 'stats')`,
    message: 'the page of statistics is called stats: name the frontend and its backend otherwise',
    fieldPath: '.frontends',
  },
  {
    at: 'spec.frontends',
    rule: `self.all(one, self.exists_one(other, ${backendOf('one')} == ${backendOf('other')}))`,
    message: 'two backends have one name: name them by backend.name',
  },
  {
    at: 'spec.frontends',
    rule: `self.all(one, self.exists_one(other, one.port == other.port && (!has(one.address) || !has(other.address) || one.address == other.address)))`,
    message: 'two frontends listen on one port: give them different ports, or different addresses',
  },
  {
    at: 'spec',
    rule: '!has(self.stats) || !self.frontends.exists(each, each.port == self.stats.port && (!has(each.address) || !has(self.stats.address) || each.address == self.stats.address))',
    message: 'a frontend listens on this port already',
    fieldPath: '.stats.port',
  },
  {
    at: 'spec.frontends[].backend',
    rule: 'has(self.role) || (has(self.labels) && self.labels.size() > 0)',
    message: 'role or labels must say which Nodes are its servers',
  },
  {
    at: 'spec.frontends[].backend.check',
    rule: "!has(self.path) || (has(self.type) && self.type in ['http', 'https'])",
    message: 'only http and https checks ask for a path',
    fieldPath: '.path',
  },
  {
    at: 'spec.frontends[].backend.check',
    rule: "!has(self.type) || self.type != 'none' || !(has(self.intervalSeconds) || has(self.rise) || has(self.fall))",
    message: 'there is no check: leave intervalSeconds, rise and fall out',
  },
];

function backendOf(frontend: string): string {
  return `(has(${frontend}.backend.name) ? ${frontend}.backend.name : ${frontend}.name)`;
}

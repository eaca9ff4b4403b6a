import assert from 'node:assert/strict';
import { parseHaproxyLook } from '../../../src/api/load-balancer/haproxy-look.ts';
import { indexServers } from '../../../src/api/load-balancer/haproxy-stats.ts';
import { lastReload } from '../../../src/api/load-balancer/status.ts';
import { parseCloudInit } from '../../../src/api/node/cloud-init-result.ts';
import { parseNames, parseReservations } from '../../../src/drivers/dnsmasq/host-files.ts';
import { changedMacs, createLeaseTable, parseLeases } from '../../../src/drivers/dnsmasq/leases.ts';
import { reading, type Target } from '../target.ts';

/** Of what one command in a guest prints; see the SSH driver. */
const MAX_OUTPUT = 1024 * 1024;

export const leases: Target = {
  name: 'leases',
  words: [
    '{',
    '}',
    '[',
    ']',
    ',',
    '"mac-address": ',
    '"ip-address": ',
    '"expiry-time": ',
    '"hostname": ',
    '"client-id": ',
    '\\u0000',
    '\\ud800',
  ],
  maxBytes: 256 * 1024,
  share: 150,
  open: reading((text) => {
    const before = createLeaseTable(parseLeases(text) ?? []);
    changedMacs(before, createLeaseTable([]), 0);
  }),
};

export const hostFiles: Target = {
  name: 'dnsmasq-files',
  words: ['#', ',', '[', ']', ' ', '\t', '52:54:00:00:00:01,192.168.111.10,a\n'],
  maxBytes: 256 * 1024,
  share: 80,
  open: reading((text) => [parseReservations(text), parseNames(text)]),
};

export const haproxy: Target = {
  name: 'haproxy',
  words: [
    '\n\n',
    '# pxname,',
    ',',
    'Version: ',
    'Uptime_sec: ',
    'FRONTEND',
    'BACKEND',
    'ports=',
    'selinux=',
    'ActiveState=',
  ],
  maxBytes: MAX_OUTPUT,
  share: 150,
  open: reading((text) => {
    const { haproxy: found, stats } = parseHaproxyLook(text);
    for (const port of found.ports) assert.ok(Number.isInteger(port), 'a port');
    if (stats === undefined) return;
    const { sessions, servers } = stats;
    indexServers(servers);
    lastReload(stats, undefined, 1_800_000_000_000);
    const numbers = [sessions, ...servers.flatMap((each) => [each.sessions, each.sessionsTotal])];
    for (const number of numbers) assert.ok(Number.isFinite(number), 'a number');
  }),
};

export const cloudInit: Target = {
  name: 'cloud-init',
  words: ['{"v1": ', '"errors": ', '"stage": ', '"a"', ',', '[', ']', '{', '}', '\\u0000', '\\ud800'],
  maxBytes: MAX_OUTPUT,
  share: 120,
  open: reading((stdout) => {
    for (const code of [0, 3]) parseCloudInit({ code, stdout });
  }),
};

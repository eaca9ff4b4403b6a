import type { Target } from '../target.ts';
import { cloudInit, haproxy, hostFiles, leases } from './guests.ts';
import { http } from './http.ts';
import { capabilitiesXml, domainXml, networkXml, virshLists } from './libvirt.ts';
import { manifest, manifestDirectory } from './manifests.ts';
import { sshBanner } from './ssh.ts';
import { config, diskHeaders, hostTexts, proc, state } from './vmhost.ts';

/** Those that cost least come first. */
export const TARGETS: readonly Target[] = [
  ...[leases, hostFiles, haproxy, cloudInit],
  ...[virshLists, hostTexts, proc],
  ...[capabilitiesXml, networkXml, domainXml],
  ...[diskHeaders, config, state],
  ...[http, sshBanner],
  ...[manifest, manifestDirectory],
];

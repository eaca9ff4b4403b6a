import { oneLine } from '../../api/plain.ts';
import type { Brush, Color } from '../color.ts';
import type { Check, CheckStatus } from './check.ts';
import { checkKvm } from './checks/kvm.ts';
import { checkLibvirt } from './checks/libvirt.ts';
import { checkNetwork } from './checks/network.ts';
import { checkPrograms } from './checks/programs.ts';
import { checkResources } from './checks/resources.ts';
import { checkSetup } from './checks/setup.ts';
import type { Facts } from './facts.ts';

/** Everything that is to be said of a vmhost; pure. */
export function examine(facts: Facts): readonly Check[] {
  return [
    ...checkPrograms(facts),
    ...checkLibvirt(facts),
    checkKvm(facts),
    ...checkNetwork(facts),
    ...checkResources(facts),
    ...checkSetup(facts),
  ];
}

const COLORS: Readonly<Record<CheckStatus, Color>> = {
  OK: 'green',
  WARN: 'yellow',
  FAIL: 'red',
  UNKNOWN: 'gray',
};

/** A line for each check, and one that counts them. */
export function printChecks(checks: readonly Check[], brush?: Brush): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.map(({ check, status, message, hint }) => {
    const word = status.padEnd('UNKNOWN'.length);
    const shown = brush?.(COLORS[status], word) ?? word;
    return `${shown}   ${check.padEnd(width)}   ${oneLine(message)}${hint === undefined ? '' : ` (${hint})`}\n`;
  });
  return `${lines.join('')}\n${summary(checks)}\n`;
}

function summary(checks: readonly Check[]): string {
  const words = (['OK', 'WARN', 'FAIL', 'UNKNOWN'] as const).flatMap((status) => {
    const count = checks.filter((check) => check.status === status).length;
    return count === 0 ? [] : [`${count} ${status}`];
  });
  return words.join(', ');
}

/** 1 where anything failed. */
export function doctorExitCode(checks: readonly Check[]): 0 | 1 {
  return checks.some(({ status }) => status === 'FAIL') ? 1 : 0;
}

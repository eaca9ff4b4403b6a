import { ReasonedError } from '../../api/errors.ts';
import { readIfExists } from '../files.ts';

/** What tells this machine, and this boot of it, from others. */
export interface MachineIdentity {
  readonly machineID: string;
  readonly bootID: string;
}

/** @throws ReasonedError NoMachineID */
export async function readIdentity(
  paths = { machineID: '/etc/machine-id', bootID: '/proc/sys/kernel/random/boot_id' },
): Promise<MachineIdentity> {
  const machineID = (await readIfExists(paths.machineID))?.trim() ?? '';
  const bootID = (await readIfExists(paths.bootID))?.trim() ?? '';
  if (/^[0-9a-f]{32}$/.test(machineID)) return { machineID, bootID };
  const hint = 'systemd-machine-id-setup makes it';
  throw new ReasonedError(
    'NoMachineID',
    `cannot tell this machine from others: ${paths.machineID} has no id`,
    { hint },
  );
}

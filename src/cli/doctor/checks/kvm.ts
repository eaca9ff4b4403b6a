import { fail, isUnknown, ok, unknown, warn, type Check } from '../check.ts';
import type { Facts } from '../facts.ts';

const CHECK = 'kvm';
const WITHOUT =
  'set domainType: qemu in /etc/k8slab/k8slabd.yaml: guests run without KVM, some twenty times slower';

/** Whether a guest runs on KVM, tried with a small one. */
export function checkKvm({
  kvm,
  machine,
  domainType,
  demand,
}: Pick<Facts, 'kvm' | 'machine' | 'domainType' | 'demand'>): Check {
  const wanted = demand.nodes.filter(({ domainType: own }) => (own ?? domainType) !== 'qemu');
  const needless = demand.nodes.length === 0 ? domainType === 'qemu' : wanted.length === 0;
  if (needless) return ok(CHECK, 'not needed: domainType is qemu');
  const hardware = isUnknown(machine) || machine.cpuFlags.some((flag) => flag === 'vmx' || flag === 'svm');
  switch (kvm.state) {
    case 'Works':
      if (hardware) return ok(CHECK, `a guest ran on it within ${kvm.seconds} s`);
      return warn(
        CHECK,
        `a small guest ran on it, but the CPU shows neither vmx nor svm: larger ones may not`,
        WITHOUT,
      );
    case 'Absent':
      return missing(
        hardware,
        wanted.some(({ domainType: own }) => (own ?? domainType) === 'kvm'),
      );
    case 'Denied':
      return unknown(CHECK, 'you may not open /dev/kvm', 'run this as root, or usermod -aG kvm USER');
    case 'Hangs':
      return fail(
        CHECK,
        `/dev/kvm opens, but a guest on it got nowhere within ${kvm.seconds} s, as on a machine without nested virtualization`,
        WITHOUT,
      );
    case 'Fails':
      return fail(CHECK, `/dev/kvm opens, but no guest ran on it: ${kvm.why}`, WITHOUT);
    case 'Untried':
      return unknown(CHECK, `/dev/kvm is there; whether a guest runs on it was not tried: ${kvm.why}`);
  }
}

function missing(hardware: boolean, required: boolean): Check {
  const hint = hardware
    ? 'modprobe kvm_intel or kvm_amd, and see dmesg; or turn on virtualization in the firmware'
    : 'turn on virtualization (VT-x, AMD-V) in the firmware, or nested virtualization of the machine that this one runs on';
  const message = 'there is no /dev/kvm';
  if (required) return fail(CHECK, `${message}, and domainType: kvm asks for it`, hint);
  return warn(CHECK, `${message}: guests run without it, some twenty times slower`, hint);
}

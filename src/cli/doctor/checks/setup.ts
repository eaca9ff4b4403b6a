import { fail, isUnknown, ok, unknown, warn, type Check } from '../check.ts';
import type { Facts } from '../facts.ts';

type Seen = Pick<
  Facts,
  'configError' | 'directory' | 'manifests' | 'sources' | 'secrets' | 'selinux' | 'apparmor' | 'storage'
>;

/** Configuration, manifests and what they name, and who may forbid what libvirt does with it. */
export function checkSetup(facts: Seen): Check[] {
  return [
    configuration(facts),
    directory(facts),
    manifests(facts),
    sources(facts),
    secrets(facts),
    confinement(facts),
  ].flat();
}

function configuration({ configError }: Seen): Check {
  if (configError !== undefined)
    return fail('configuration', configError, 'mend it; docs/configuration.md lists the settings');
  return ok('configuration', 'valid, or left to the defaults');
}

function directory({ directory: { path, problem } }: Seen): Check {
  if (problem !== undefined) return fail('directory', problem.message, problem.hint);
  return ok('directory', `${path} is root's alone`);
}

function manifests({ manifests: found }: Seen): Check {
  if (isUnknown(found)) return unknown('manifests', found.unknown, 'k8slab init writes first ones');
  const { count, errors, warnings } = found;
  const more = (list: readonly string[]): string => (list.length > 1 ? ` (and ${list.length - 1} more)` : '');
  if (errors.length > 0)
    return fail('manifests', `${errors[0] ?? ''}${more(errors)}`, 'k8slab validate shows all');
  if (warnings.length > 0)
    return warn('manifests', `${warnings[0] ?? ''}${more(warnings)}`, 'k8slab validate shows all');
  if (count === 0) return warn('manifests', 'there are none', 'k8slab init writes first ones');
  return ok('manifests', `${count} objects without errors`);
}

function sources({ sources: found }: Seen): Check[] {
  const unseen = found.filter(({ problem }) => isUnknown(problem));
  const named = found.flatMap(({ name, source, problem }): Check[] => {
    if (isUnknown(problem)) return [];
    const check = `image ${name}`;
    return [
      problem === undefined ? ok(check, `${source} is there`) : fail(check, problem, 'mend spec.source'),
    ];
  });
  if (unseen.length === 0) return named;
  const names = unseen.map(({ name }) => name).join(', ');
  const why = isUnknown(unseen[0]?.problem) ? unseen[0].problem.unknown : '';
  return [...named, unknown('image sources', `${names}: ${why}`)];
}

function secrets({ secrets: found }: Seen): Check[] {
  return found.map(({ name, problem }) => {
    const check = `secret of ${name}`;
    if (problem === undefined) return ok(check, 'it is there, and nobody else may read it');
    if (isUnknown(problem)) return unknown(check, problem.unknown);
    const { message, hint = 'mend the file that spec.stats.passwordFile names' } = problem;
    return fail(check, message, hint);
  });
}

function confinement({ selinux, apparmor, storage }: Seen): Check {
  if (selinux === 'enforcing') {
    const hint = `restorecon -R ${storage.path}; ausearch -m avc -ts recent shows what was denied`;
    return warn('confinement', 'SELinux is enforcing, under which k8slab has not been tried', hint);
  }
  if (isUnknown(apparmor)) return unknown('confinement', apparmor.unknown);
  if (apparmor?.some((profile) => /dnsmasq/.test(profile)) === true) {
    const hint = 'aa-complain /etc/apparmor.d/usr.sbin.dnsmasq (package apparmor-utils)';
    return warn(
      'confinement',
      "AppArmor enforces a profile of dnsmasq, which may not let it read k8slab's directories below its own",
      hint,
    );
  }
  const how =
    selinux === 'permissive'
      ? 'SELinux is permissive'
      : apparmor === undefined
        ? 'neither SELinux nor AppArmor is on'
        : 'AppArmor is on, and lets dnsmasq be';
  return ok('confinement', how);
}

import { ReasonedError } from '../../api/errors.ts';
import { HANGS_HINT } from '../../api/libvirt/hints.ts';
import { ExecError } from '../exec.ts';

export const VIRSH_REASONS = [
  'LibvirtUnreachable',
  'PermissionDenied',
  'NotFound',
  'AlreadyExists',
  'InvalidXml',
  'NoSpace',
  'DeadlineExceeded',
  'VirshMissing',
  'Aborted',
  'OperationFailed',
] as const;
export type VirshReason = (typeof VIRSH_REASONS)[number];

/** A virsh command that failed. `op` is the command's name, `stderr` all that virsh said. */
export class VirshError extends ReasonedError {
  override readonly name = 'VirshError';
  declare readonly reason: VirshReason;
  readonly op: string;
  readonly stderr: string;

  constructor(
    reason: VirshReason,
    argv: readonly string[],
    failure: { why: string; stderr?: string; cause?: unknown; hint?: string },
  ) {
    super(reason, `cannot run virsh command "${commandText(argv)}": ${failure.why}`, failure);
    this.op = argv[0] ?? '';
    this.stderr = failure.stderr ?? '';
  }
}

const SHOWN = 100;
const ERROR_LINE = /^error: /;
/** What virsh says by itself: its connection went or came back, and its history has no place (as it should be). */
const NOTE =
  /^error: (Disconnected from .* due to |Reconnected to the hypervisor|Failed to create '\/dev\/null\/)/;

const UNREACHABLE_HINT =
  'is libvirt running? systemctl start libvirtd, or virtqemud.socket virtnetworkd.socket where its daemons are modular';

interface Rule {
  pattern: RegExp;
  reason: VirshReason;
  hint?: string;
}

/** libvirt gives virsh no codes to print, only prose; the first rule that matches decides. */
const RULES: readonly Rule[] = [
  {
    // By polkit's name of the action too: libvirtd itself says the rest in its host's language.
    pattern:
      /Failed to connect socket.*Permission denied|authentication (unavailable|failed)|access denied|\borg\.libvirt\.(unix|api)\./i,
    reason: 'PermissionDenied',
    hint: 'run as root or as a member of the group libvirt',
  },
  {
    pattern:
      /Failed to connect (socket|to the hypervisor)|failed to connect to the hypervisor|client socket is closed|Cannot recv data|Cannot write data|End of file while reading data|no connection driver available|connection is not open/i,
    reason: 'LibvirtUnreachable',
    hint: UNREACHABLE_HINT,
  },
  {
    // By virsh's own words: that virtqemud cannot reach virtnetworkd it says in its host's language.
    pattern: /^Failed to list (domains|networks)\b/,
    reason: 'LibvirtUnreachable',
    hint: UNREACHABLE_HINT,
  },
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    reason: 'NoSpace',
    hint: 'free some space: df -h /etc/libvirt /var/lib/libvirt',
  },
  {
    pattern: /Permission denied|Operation not permitted/i,
    reason: 'PermissionDenied',
    hint: 'libvirt or QEMU may not use that file: look at its owner, its directories and AppArmor or SELinux',
  },
  {
    pattern: /cannot acquire state change lock|Timed out during operation/i,
    reason: 'DeadlineExceeded',
    hint: 'another job holds the domain: virsh domjobinfo',
  },
  {
    pattern:
      /failed to get (domain|network|pool|vol|volume|interface|nodedev|nwfilter|secret|checkpoint) '|(Domain|Network|Storage pool|Storage volume|Secret|Domain snapshot) not found|no (domain|network|storage pool|storage vol) with matching/i,
    reason: 'NotFound',
  },
  {
    pattern:
      /XML error|XML document failed to validate|\b\w+_(definition|xml)\)?:\d+:|\bat line \d+: |failed to parse xml/i,
    reason: 'InvalidXml',
  },
  {
    pattern: /already (exists|active|running|in use|defined)|there is an existing .* entry/i,
    reason: 'AlreadyExists',
  },
];

/** The error that a session's stderr tells of, if any: warnings and news of the connection are none. */
export function failureIn(stderr: string, argv: readonly string[], cause?: unknown): VirshError | undefined {
  const lines = stderr.split('\n').filter((line) => !NOTE.test(line));
  const first = lines.findIndex((line) => ERROR_LINE.test(line));
  return first === -1 ? undefined : classify(lines.slice(first), argv, { stderr, cause });
}

/** A failed session or process as a VirshError; anything else is returned as it is. */
export function toVirshError(thrown: unknown, argv: readonly string[]): unknown {
  if (!(thrown instanceof ExecError)) return thrown;
  const { stderr } = thrown;
  const details = { why: thrown.why, stderr, cause: thrown };
  switch (thrown.reason) {
    case 'CommandNotFound':
      return new VirshError('VirshMissing', argv, {
        ...details,
        why: 'virsh is not installed',
        ...hintOf(thrown),
      });
    case 'DeadlineExceeded':
      return new VirshError(thrown.reason, argv, {
        ...details,
        hint: HANGS_HINT,
      });
    case 'Aborted':
      return new VirshError(thrown.reason, argv, details);
    case 'CommandFailed':
      // An interactive virsh ends by itself only when it cannot connect.
      return failureIn(stderr, argv, thrown) ?? new VirshError('OperationFailed', argv, details);
    default:
      return new VirshError('OperationFailed', argv, details);
  }
}

function classify(
  lines: readonly string[],
  argv: readonly string[],
  details: { stderr: string; cause?: unknown },
): VirshError {
  const said = lines.map((line) => line.replace(ERROR_LINE, '').trim()).filter((line) => line !== '');
  const why = argv.filter(isPath).reduce((text, path) => text.replaceAll(path, 'XML'), said.join(': '));
  const rule = RULES.find(({ pattern }) => pattern.test(why));
  return new VirshError(rule?.reason ?? 'OperationFailed', argv, { ...details, why, ...hintOf(rule) });
}

function hintOf(source: { hint?: string | undefined } | undefined): { hint?: string } {
  return source?.hint === undefined ? {} : { hint: source.hint };
}

/** The command and what it is about; the same for every try, so without the names of temporary files. */
function commandText(argv: readonly string[]): string {
  const words = argv.filter((word, i) => !isPath(word) && (i === 0 || !word.startsWith('--')));
  const text = words.join(' ').replaceAll(/\s+/g, ' ');
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function isPath(word: string): boolean {
  return word.startsWith('/');
}

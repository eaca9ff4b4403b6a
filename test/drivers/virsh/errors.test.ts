import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExecError } from '../../../src/drivers/exec.ts';
import { failureIn, toVirshError, VirshError } from '../../../src/drivers/virsh/errors.ts';
import type { VirshReason } from '../../../src/drivers/virsh/errors.ts';

/** As printed by virsh 9.0 and 11.3. */
const MESSAGES: [VirshReason, string][] = [
  [
    'LibvirtUnreachable',
    "error: Failed to reconnect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
  ],
  [
    'LibvirtUnreachable',
    "error: failed to get domain 'a'\nerror: Cannot recv data: Connection reset by peer",
  ],
  ['LibvirtUnreachable', 'error: internal error: client socket is closed'],
  [
    'LibvirtUnreachable',
    'error: Failed to list networks\nerror: 内部エラー: クライアントソケットが閉じられました',
  ],
  [
    'PermissionDenied',
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
  ],
  [
    'PermissionDenied',
    "error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
  ],
  [
    'PermissionDenied',
    "error: Failed to start domain 'a'\nerror: Cannot access storage file '/a.qcow2' (as uid:64055, gid:64055): Permission denied",
  ],
  ['NotFound', "error: failed to get domain 'nope'"],
  [
    'NotFound',
    "error: failed to get network 'nope'\nerror: Network not found: no network with matching name 'nope'",
  ],
  [
    'AlreadyExists',
    "error: Failed to define network from /run/x.xml\nerror: operation failed: network 'a' already exists with uuid d838ab72-fa63-486b-8283-b15b7689a49b",
  ],
  [
    'AlreadyExists',
    "error: Failed to define network from /x\nerror: internal error: bridge name 'virbr9' already in use.",
  ],
  [
    'AlreadyExists',
    "error: Failed to update network proof\nerror: Requested operation is not valid: there is an existing dhcp host entry in network 'proof' that matches \"<host mac='52:54:00:00:00:01'/>\"",
  ],
  ['AlreadyExists', 'error: Domain is already active'],
  ['InvalidXml', "error: Failed to define domain from /x\nerror: XML error: name a/b cannot contain '/'"],
  [
    'InvalidXml',
    "error: Failed to define network from /x\nerror: (network_definition):1: expected '>'\n<network><name>a</name\n----------------------^",
  ],
  [
    'InvalidXml',
    'error: Failed to update network proof\nerror: network_update_xml:1: AttValue: " or \' expected\n<host mac=1/>\n----------^',
  ],
  [
    'InvalidXml',
    "error: Failed to define network from /x\nerror: at line 1: expected '>'\n<network><name>a</name\n----------------------^",
  ],
  [
    'NoSpace',
    "error: Failed to define domain from /x\nerror: cannot write config file '/etc/libvirt/qemu/a.xml.new': No space left on device",
  ],
  [
    'DeadlineExceeded',
    'error: Failed to start domain a\nerror: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainBackupBegin)',
  ],
  [
    'OperationFailed',
    "error: Failed to reboot domain 'a b'\nerror: Requested operation is not valid: domain is not running",
  ],
  [
    'OperationFailed',
    "error: Failed to start domain 'a'\nerror: Cannot access storage file '/nope.qcow2' (as uid:0, gid:0): No such file or directory",
  ],
  ['OperationFailed', "error: unknown command: 'x'"],
];

describe('errors of virsh', () => {
  for (const [reason, stderr] of MESSAGES) {
    it(`reads ${reason} from: ${stderr.split('\n').at(-1) ?? ''}`, () => {
      const error = failureIn(`${stderr}\n`, ['net-start', '--network', 'a']);

      assert.ok(error instanceof VirshError);
      assert.equal(error.reason, reason);
      assert.equal(error.message.includes('\n'), false);
    });
  }

  it('E55: name the file that QEMU may not read', () => {
    const stderr =
      MESSAGES.map(([, text]) => text).find((text) => text.includes('Cannot access storage')) ?? '';

    const error = failureIn(`${stderr}\n`, ['start', '--domain', 'a']);

    assert.equal(error?.reason, 'PermissionDenied');
    assert.match(error.message, /'\/a\.qcow2'/);
    assert.match(error.hint ?? '', /owner/);
  });

  it('take news of the connection and warnings for none', () => {
    const quiet = [
      '',
      '2023-11-23 05:00:00.000+0000: 12: warning : something odd',
      'error: Disconnected from qemu:///system due to end of file',
      'error: Disconnected from qemu:///system due to keepalive timeout\nerror: Reconnected to the hypervisor',
      "error: Failed to create '/dev/null/libvirt/virsh': Not a directory",
    ];
    for (const stderr of quiet) assert.equal(failureIn(`${stderr}\n`, ['list']), undefined, stderr);
    const error = failureIn(`${quiet.join('\n')}\nerror: Domain not found\n`, ['list']);
    assert.equal(error?.message, 'cannot run virsh command "list": Domain not found');
  });

  it('say the same for the same failure, however the temporary file is called', () => {
    const messages = ['/run/k8slab/.1.xml', '/run/k8slab/.2.xml'].map((path) => {
      const stderr = `error: Failed to define network from ${path}\nerror: XML error: no name\n`;
      return failureIn(stderr, ['net-define', '--file', path])?.message;
    });

    assert.equal(messages[0], messages[1]);
    assert.equal(
      messages[0],
      'cannot run virsh command "net-define": Failed to define network from XML: XML error: no name',
    );
  });

  it('keep the command, what virsh said, the cause, and say what to do', () => {
    const cause = new ExecError('CommandFailed', 'virsh ended (exit code 1)', {
      argv: ['virsh', 'list'],
      stderr:
        'error: failed to connect to the hypervisor\nerror: Failed to connect socket to /x: Connection refused\n',
    });

    const error = toVirshError(cause, ['list', '--all']);

    assert.ok(error instanceof VirshError);
    assert.equal(error.reason, 'LibvirtUnreachable');
    assert.equal(error.op, 'list');
    assert.equal(error.stderr, cause.stderr);
    assert.equal(error.cause, cause);
    assert.match(error.hint ?? '', /systemctl start libvirtd/);
  });

  it('name the package of a missing virsh and leave other errors alone', () => {
    const missing = new ExecError('CommandNotFound', 'no such command', {
      argv: ['virsh'],
      hint: 'install it',
    });
    const late = new ExecError('DeadlineExceeded', 'no answer within 1 s', { argv: ['virsh'] });
    const bug = new RangeError('a bug');

    assert.deepEqual(
      [missing, late].map((error) => (toVirshError(error, ['list']) as VirshError).reason),
      ['VirshMissing', 'DeadlineExceeded'],
    );
    assert.equal((toVirshError(missing, ['list']) as VirshError).hint, 'install it');
    assert.equal(toVirshError(bug, ['list']), bug);
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderBackup } from '../../../src/api/node/render-backup.ts';
import { attribute, elements, first, parseXml } from '../../../src/api/xml.ts';

it('a backup copies one disk into a qcow2 file and names all others, which libvirt would copy too', () => {
  const root = parseXml(renderBackup(['vda', 'vdb', 'vdc'], 'vdb', '/disks/.tmp-a&b.qcow2'));

  const disks = elements(first(root, 'disks'), 'disk');
  assert.equal(attribute(root, 'mode'), 'push');
  assert.deepEqual(disks.map((disk) => [attribute(disk, 'name'), attribute(disk, 'backup')]).sort(), [
    ['vda', 'no'],
    ['vdb', 'yes'],
    ['vdc', 'no'],
  ]);
  const copied = disks.find((disk) => attribute(disk, 'backup') === 'yes');
  assert.equal(attribute(first(copied, 'target'), 'file'), '/disks/.tmp-a&b.qcow2');
  assert.equal(attribute(first(copied, 'driver'), 'type'), 'qcow2');
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { groupId } from '../../src/drivers/groups.ts';

it('a group is found by its name, and one that is not there is none', async () => {
  assert.equal(await groupId('root'), 0);
  assert.equal(await groupId('no-such-group-here'), undefined);
});

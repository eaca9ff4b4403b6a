import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onceEach } from '../../src/api/once-each.ts';

it('what is made of an object is made once, also where it is empty, and of another one anew', () => {
  const asked: object[] = [];
  const textOf = onceEach((object: object) => {
    asked.push(object);
    return '';
  });
  const [one, two] = [{}, {}];

  for (const object of [one, two, one, two]) textOf(object);

  assert.deepEqual(asked, [one, two]);
});

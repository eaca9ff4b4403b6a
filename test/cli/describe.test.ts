import assert from 'node:assert/strict';
import { after, before, describe as suite, it } from 'node:test';
import { describe } from '../../src/cli/describe.ts';
import { events, type EventFlags } from '../../src/cli/events.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
  lab.events.record({ kind: 'Node', name: 'a' }, 'Normal', 'DomainStarted', 'the guest runs');
  lab.events.record({ kind: 'Node', name: 'b' }, 'Warning', 'StartFailed', 'no memory');
});
after(() => lab.close());

function run(args: readonly string[], showEvents = true): Promise<string> {
  return describe(lab.client, args, { showEvents }, lab.bed.clock.now());
}

suite('k8slab describe', () => {
  it('shows spec, status, conditions, what the object has to do with, and what happened to it', async () => {
    const text = await run(['node/a']);

    assert.match(text, /^Name: +a\nLabels: +<none>\n/);
    assert.match(text, /^Created: +\S+Z \(\d+m?s? ago\)$/m);
    assert.match(text, /^Spec:\n {2}(?:.*\n {2})*disk:\n {4}image: debian$/m);
    assert.match(text, /^Status:\n(?: {2}.*\n)* {2}address: 192\.168\.111\.2$/m);
    assert.match(text, /^Conditions:\n {2}TYPE +STATUS +REASON +SINCE +MESSAGE\n {2}Ready +True +Ready /m);
    assert.match(text, /^ {2}image\/debian +True +\w+ +spec\.disk\.image$/m);
    assert.match(text, /^ {2}network\/k8s-net +True +\w+ +spec\.networks\[0\]\.network$/m);
    assert.match(
      text,
      /^Events:\n {2}LAST SEEN +TYPE +REASON +MESSAGE\n {2}\d+s +Normal +DomainStarted +the guest runs\n$/m,
    );
    assert.doesNotMatch(text, /StartFailed|conditions:/);
  });

  it('shows what names an object', async () => {
    assert.match(await run(['image', 'debian']), /^ {2}node\/a +True +Ready +its spec\.disk\.image$/m);
  });

  it('takes the beginning of a name where no object has it, and fails as get does where none begins so', async () => {
    assert.match(await run(['images', 'deb']), /^Name: +debian$/m);
    await assert.rejects(run(['nodes', 'x']), { message: 'nodes "x" not found' });
  });

  it('shows objects one after the other, and no events where they are not wanted', async () => {
    const text = await run(['nodes'], false);

    assert.deepEqual(
      text.match(/^Name: .*$/gm)?.map((line) => line.slice(-1)),
      ['a', 'b'],
    );
    assert.doesNotMatch(text, /^Events/m);
  });
});

suite('k8slab events', () => {
  async function shown(flags: Partial<EventFlags>): Promise<{ text: string; warned: string }> {
    const said = { text: '', warned: '' };
    await events(
      lab.client,
      { headers: false, ...flags },
      {
        now: () => lab.bed.clock.now(),
        print: (text) => void (said.text += text),
        warn: (text) => void (said.warned += text),
        sleep: () => assert.fail('slept'),
      },
    );
    return said;
  }

  it('shows those of one type', async () => {
    const { text } = await shown({ types: ['warning'] });

    assert.match(text, /^\d+s +Warning +StartFailed +node\/b +no memory\n$/);
    await assert.rejects(shown({ types: ['Bad'] }), { reason: 'BadArgument' });
  });

  it('prints them as objects too', async () => {
    const { text } = await shown({ output: 'jsonpath={.items[*].reason}' });

    assert.equal(text, 'DomainStarted StartFailed');
  });

  it('takes an object as TYPE/NAME alone', async () => {
    await assert.rejects(shown({ for: 'node' }), { reason: 'BadArgument' });
  });
});

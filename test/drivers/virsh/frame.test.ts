import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frame, isTypeable, quoteArgument } from '../../../src/drivers/virsh/frame.ts';

describe('frame', () => {
  it('never types a mark as it is printed, so that an echo of the input is no answer', () => {
    const { input, endMark, probe, probeMark } = frame(['dumpxml', 'a'], 'mark1');

    for (const line of [input, probe]) {
      assert.equal(line.includes('mark1'), false);
      assert.match(line, /^[^\n]*\n$/, 'one line');
    }
    for (const mark of [endMark, probeMark]) assert.equal(mark.toString().includes('mark1'), true);
  });

  it('takes the output between the marks, byte by byte, whatever stands around them', () => {
    const { input, probe, output } = frame(['x'], 'mark1');
    const stdout = `virsh # ${input}mark1b  a\n\nmark1\n mark1emark1evirsh # ${probe}mark1pvirsh # `;

    assert.equal(output(Buffer.from(stdout)), '  a\n\nmark1\n mark1e');
  });

  it('finds no output where virsh did not run the line', () => {
    const { output, messages } = frame(['x'], 'mark1');

    assert.equal(output(Buffer.from('virsh # mark1p')), '');
    assert.equal(
      messages(Buffer.from("error: unknown command: 'x'\nerror: mark1p\n")),
      "error: unknown command: 'x'\n",
    );
  });

  it('quotes so that only its own quotes end an argument', () => {
    assert.equal(quoteArgument(`a'b\\"; #`), `'a'\\''b\\"; #'`);
    assert.equal(quoteArgument('#a'), `'#a'`);
    assert.equal(quoteArgument(''), `''`);
  });

  it('leaves to a process of its own what readline or the parser would change, or is slow at', () => {
    const cases: [boolean, string, string][] = [
      [true, 'a plain name', 'k8s-net'],
      [true, 'all that is printable', `~!"'\\ #;動作中 é 🎉`],
      [false, 'a tab completes', 'a\tb'],
      [false, 'a newline ends the command', 'a\nb'],
      [false, 'an escape starts a key', 'a\u001bb'],
      [false, 'a delete deletes', 'a\u007fb'],
      [false, 'half a character has no encoding', 'a\ud800b'],
      [false, 'readline redraws a long line for every piece', 'x'.repeat(10_000)],
    ];
    for (const [expected, reason, argument] of cases)
      assert.equal(isTypeable(['echo', argument]), expected, reason);
  });
});

import { styleText } from 'node:util';
import type { Paint } from './print-table.ts';

const READY: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  True: 'green',
  False: 'red',
  Unknown: 'yellow',
};

/** Colours READY, where standard output is a terminal and NO_COLOR is not set. Undefined: nothing is coloured. */
export function tablePaint(stream: NodeJS.WriteStream = process.stdout): Paint | undefined {
  if (!stream.isTTY) return undefined;
  return (padded, column, cell) => {
    const color = column === 'READY' ? READY[cell] : undefined;
    return color === undefined ? padded : styleText(color, padded, { stream });
  };
}

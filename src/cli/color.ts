import { styleText } from 'node:util';
import type { Paint } from './print-table.ts';

export type Color = 'green' | 'red' | 'yellow' | 'gray';

/** Gives a text a color; undefined: nothing is colored. */
export type Brush = ((color: Color, text: string) => string) | undefined;

/** For a terminal, unless NO_COLOR is set. */
export function brushFor(stream: NodeJS.WriteStream = process.stdout): Brush {
  return stream.isTTY ? (color, text) => styleText(color, text, { stream }) : undefined;
}

const READY: Readonly<Record<string, Color>> = { True: 'green', False: 'red', Unknown: 'yellow' };

/** Colors READY. */
export function tablePaint(stream: NodeJS.WriteStream = process.stdout): Paint | undefined {
  const brush = brushFor(stream);
  if (brush === undefined) return undefined;
  return (padded, column, cell) => {
    const color = column === 'READY' ? READY[cell] : undefined;
    return color === undefined ? padded : brush(color, padded);
  };
}

/** Control characters, and what turns the direction of text around. */
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** What others said, as one line of a condition, an event, a log or a table: with nothing in it that a terminal would obey. */
export function plain(text: string): string {
  return oneLine(text).replaceAll(OBEYED, '?');
}

/** Its lines as one, with `; ` between them. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, (space) => (space.includes('\n') ? '; ' : space));
}

import type { Steps } from '../../src/api/manifest/steps.ts';

/** A reader of what others write. */
export interface Target {
  /** Also of its folder in the corpus. */
  readonly name: string;
  /** Good inputs that the repository has for other reasons. */
  readonly samples?: () => readonly Buffer[];
  readonly words?: readonly string[];
  /** What the product itself takes of such an input, or what there may be of it. */
  readonly maxBytes: number;
  /** So many inputs where others have theirs: less of what costs more. */
  readonly share: number;
  readonly open: () => Subject | Promise<Subject>;
}

export interface Subject {
  /**
   * Reads an input, in steps where the product does so too: none may take long. Throws what the product may throw
   * (`ReasonedError`s), or what is a fault.
   */
  readonly feed: (input: Buffer) => void | Promise<void> | Steps<void>;
  readonly close?: () => Promise<void>;
}

/** A target whose input is text, as the product decodes it. */
export function reading(read: (text: string) => unknown): Target['open'] {
  return () => ({
    feed: (input) => {
      read(input.toString());
    },
  });
}

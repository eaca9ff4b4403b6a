/** Tells everybody who listens that what is known of an API server, or whether it may be acted on, may be another thing now. */
export interface Hints {
  tell(): void;
  /** @returns unsubscribe */
  subscribe(listener: () => void): () => void;
}

export function createHints(): Hints {
  const listeners = new Set<() => void>();
  return {
    tell() {
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

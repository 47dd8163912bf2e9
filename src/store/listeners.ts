/** Those who want to know of commits. */
export class Listeners {
  readonly #wakes = new Set<() => void>();

  /** Adds one; returns how to remove it. The same function may be added twice. */
  add(wake: () => void): () => void {
    const entry = () => wake();
    this.#wakes.add(entry);
    return () => {
      this.#wakes.delete(entry);
    };
  }

  /** Calls each. */
  wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

/** What is remembered of so many keys at most. */

/** A map of bounded size. */
export interface Memory<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): boolean;
  clear(): void;
}

/** A map of at most `size` entries that drops what was not used for longest. */
export function memory<T>(size: number): Memory<T> {
  const entries = new Map<string, T>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      const oldest = entries.keys().next();
      if (entries.size >= size && !oldest.done) entries.delete(oldest.value);
      entries.set(key, value);
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
  };
}

/** A map from one key to several values. */

/** The keys of a map, or the members of a set. */
interface Keys<K> {
  has(key: K): boolean;
  keys(): Iterable<K>;
}

const none: ReadonlySet<never> = new Set();

/** Which values stand under a key; a key without values takes no room. */
export class MultiMap<K, V> {
  readonly #map = new Map<K, Set<V>>();

  get(key: K): ReadonlySet<V> {
    return this.#map.get(key) ?? none;
  }

  add(key: K, value: V): void {
    const values = this.#map.get(key);
    if (values) values.add(value);
    else this.#map.set(key, new Set([value]));
  }

  delete(key: K, value: V): void {
    const values = this.#map.get(key);
    if (values?.delete(value) && values.size === 0) this.#map.delete(key);
  }

  /** The value stands under the keys `after` instead of `before`. */
  move(value: V, before: Keys<K>, after: Keys<K>): void {
    for (const key of before.keys()) if (!after.has(key)) this.delete(key, value);
    for (const key of after.keys()) if (!before.has(key)) this.add(key, value);
  }
}

/** Sets of addresses that many hosts are told of: built once for each state, however many hosts look at it. */
import type { HostAddressSet } from '../model/host-objects.ts';
import type { Reader } from '../store/store.ts';

/** The sets of the newest state that was looked at. */
export class SharedSets {
  #head = -1;
  readonly #sets = new Map<string, Promise<HostAddressSet>>();

  /** The set as it is in the reader's state: every change of one is an entry of the journal. */
  async get(r: Reader, id: string, build: () => Promise<HostAddressSet>): Promise<HostAddressSet> {
    const head = await r.head();
    // An older state than the newest that was seen: by itself.
    if (head < this.#head) return build();
    if (head > this.#head) this.#sets.clear();
    this.#head = head;
    const known = this.#sets.get(id);
    if (known) return known;
    const built = build();
    this.#sets.set(id, built);
    built.catch(() => this.#sets.get(id) === built && this.#sets.delete(id));
    return built;
  }
}

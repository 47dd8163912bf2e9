/** Randomness, as something that is handed in, so that a run can be repeated from its seed. */
export interface Random {
  /** An integer, 0 ≤ n < `limit`; `limit` is at most 2^48. */
  below(limit: number): number;
  /** A random UUID (version 4) in its usual text. */
  uuid(): string;
}

/** The same sequence for the same seed (mulberry32). Never for secrets. */
export class SeededRandom implements Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  #next32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(limit: number): number {
    const wide = (this.#next32() % 0x10000) * 0x100000000 + this.#next32();
    return wide % limit;
  }
  uuid(): string {
    let hex = '';
    for (let i = 0; i < 4; i++) hex += this.#next32().toString(16).padStart(8, '0');
    const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3];
    const text = `${hex.slice(0, 12)}4${hex.slice(13, 16)}${variant}${hex.slice(17)}`;
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
  }
}

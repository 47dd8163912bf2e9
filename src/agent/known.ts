/** What is known of the facts on the host: from the last look, and from what was done since. */
import { type Fact, type FactKey, type Facts, factKey } from '../plan/facts.ts';
import type { Step } from '../plan/steps.ts';

/** The known facts of a host. */
export class Known {
  readonly #facts = new Map<FactKey, Fact>();

  has(key: FactKey): boolean {
    return this.#facts.has(key);
  }

  /** Those of `keys` that are there. */
  pick(keys: Iterable<FactKey>): Map<FactKey, Fact> {
    const picked = new Map<FactKey, Fact>();
    for (const key of keys) {
      const fact = this.#facts.get(key);
      if (fact) picked.set(key, fact);
    }
    return picked;
  }

  /** What was seen of the facts that were asked for. */
  observed(asked: Iterable<FactKey>, seen: Facts): void {
    for (const key of asked) {
      const fact = seen.get(key);
      if (fact) this.#facts.set(key, fact);
      else this.#facts.delete(key);
    }
  }

  /** A step succeeded. */
  performed(step: Step): void {
    if (step.do === 'add' || step.do === 'change') this.#facts.set(factKey(step.fact), step.fact);
    else if (step.do === 'remove') this.#facts.delete(factKey(step.fact));
  }

  forget(key: FactKey): void {
    this.#facts.delete(key);
  }
}

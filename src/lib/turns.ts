/** Turns at something of which a few may be done at a time. Who comes first has the next turn. */

/** How many have a turn, and how long others wait for one. */
export interface TurnLimits {
  /** Turns at a time. */
  readonly turns: number;
  /** Those that wait, at most. */
  readonly waiting: number;
  /** Milliseconds that each waits, at most. */
  readonly waitMs: number;
  /** The error of those that are refused, because too many wait or the wait is over. */
  readonly refusal: () => Error;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Turns, taken and ended one by one. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;
  #closing: { readonly error: () => Error; readonly done: () => void } | undefined;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Takes a turn where one is free. Whoever has one ends it. */
  tryTake(): boolean {
    if (this.#closing) throw this.#closing.error();
    if (this.#taken >= this.#limits.turns) return false;
    this.#taken++;
    return true;
  }

  /**
   * Waits for a turn.
   * @throws the refusal, or the error of `close`.
   */
  async take(): Promise<void> {
    if (this.tryTake()) return;
    if (this.#waiting.size >= this.#limits.waiting) throw this.#limits.refusal();
    await new Promise<void>((start, refuse) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        refuse(this.#limits.refusal());
      }, this.#limits.waitMs);
      const waiting: Waiting = { start, refuse, timer };
      this.#waiting.add(waiting);
    });
  }

  /** Ends a turn: it passes to the one that waits longest. */
  end(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      clearTimeout(next.timer);
      next.start();
      return;
    }
    this.#taken--;
    if (this.#taken === 0) this.#closing?.done();
  }

  /** Refuses, with this error, those that wait and those to come; resolves when no one has a turn. */
  async close(error: () => Error): Promise<void> {
    const ended = new Promise<void>((done) => {
      this.#closing = { error, done };
    });
    for (const { timer, refuse } of this.#waiting) {
      clearTimeout(timer);
      refuse(error());
    }
    this.#waiting.clear();
    if (this.#taken > 0) await ended;
  }
}

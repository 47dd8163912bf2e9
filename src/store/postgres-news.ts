/** News of other servers' commits: LISTEN on a connection of its own, and a slow poll for what gets lost. */
import pg from 'pg';

/** The channel on which servers tell each other that the journal has grown. */
export const NEWS_CHANNEL = 'neutrino_journal';

// Milliseconds.
const POLL_MS = 5000;
const RECONNECT_MS = 1000;

/** Listens as long as it is not closed; a broken connection is made anew. */
export class CommitNews {
  readonly #config: pg.ClientConfig;
  readonly #own: string;
  readonly #head: () => Promise<number>;
  readonly #wake: () => void;
  readonly #poll: NodeJS.Timeout;
  #client: pg.Client | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #connecting: Promise<void>;
  #seen = 0;
  #closed = false;

  /**
   * @param own what this server's own notifications carry; they wake nobody a second time.
   * @param head reads the newest revision.
   * @param wake is called when others' commits may be there.
   */
  constructor(config: pg.ClientConfig, own: string, head: () => Promise<number>, wake: () => void) {
    this.#config = { ...config, query_timeout: 0, statement_timeout: 0 };
    this.#own = own;
    this.#head = head;
    this.#wake = wake;
    this.#connecting = this.#connect();
    this.#poll = setInterval(() => void this.#look(), POLL_MS);
    this.#poll.unref();
  }

  /** This server's own commit came to that revision: the poll need not report it. */
  seen(rev: number): void {
    this.#seen = Math.max(this.#seen, rev);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#reconnect);
    await this.#connecting;
    await this.#client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(this.#config);
    const lost = () => this.#lost(client);
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      if (payload !== this.#own) this.#wake();
    });
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${NEWS_CHANNEL}`);
      // What was committed while nobody listened.
      await this.#look();
    } catch {
      lost();
    }
  }

  // An error and the end of a connection both come here, perhaps one after the other.
  #lost(client: pg.Client): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => {});
    this.#reconnect = setTimeout(() => {
      this.#connecting = this.#connect();
    }, RECONNECT_MS);
    this.#reconnect.unref();
  }

  async #look(): Promise<void> {
    const rev = await this.#head().catch(() => 0);
    if (rev <= this.#seen || this.#closed) return;
    this.#seen = rev;
    this.#wake();
  }
}

/** Text collected as UTF-8 in blocks that can be freed at once: what a collector of garbage finds late adds up under load. */

/** Bytes of a block. */
const BLOCK_BYTES = 256 * 1024;
/** Most bytes that a UTF-16 unit takes in UTF-8. */
const BYTES_PER_UNIT = 3;

/** A growing list of bytes. */
export class ByteList {
  readonly #full: Buffer<ArrayBuffer>[] = [];
  #block = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;

  /** Bytes added. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a text. */
  add(text: string): void {
    if (this.#block.length - this.#used < text.length * BYTES_PER_UNIT) this.#grow(text.length * BYTES_PER_UNIT);
    const written = this.#block.write(text, this.#used);
    this.#used += written;
    this.#bytes += written;
  }

  /** What was added, in some parts. */
  parts(): readonly Buffer[] {
    return [...this.#full, this.#block.subarray(0, this.#used)];
  }

  /** Frees the bytes: nobody may read the parts any more. Without it they are garbage one day. */
  free(): void {
    for (const { buffer } of this.parts() as Buffer<ArrayBuffer>[])
      if (buffer.byteLength >= BLOCK_BYTES) buffer.transfer(0);
    this.#full.length = 0;
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }

  #grow(bytes: number): void {
    if (this.#used > 0) this.#full.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
    this.#used = 0;
  }
}

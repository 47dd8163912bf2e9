/** SHA-1 without `node:`, for names that others make from it. Not for secrets. */

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** The message with its padding: whole blocks of 16 words. */
function blocks(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const words = new Array<number>((((bytes.length + 8) >> 6) + 1) * 16).fill(0);
  const put = (at: number, byte: number) => {
    words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (24 - (at % 4) * 8));
  };
  for (const [at, byte] of bytes.entries()) put(at, byte);
  put(bytes.length, 0x80);
  words[words.length - 1] = bytes.length * 8;
  return words;
}

/** What a round adds: its choice among b, c and d, and its constant. */
function round(at: number, b: number, c: number, d: number): number {
  if (at < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (at < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (at < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

/** The SHA-1 of a text (its UTF-8), as 40 hexadecimal digits. */
export function sha1(text: string): string {
  const words = blocks(text);
  let state: readonly [number, number, number, number, number] = [
    0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
  ];
  for (let from = 0; from < words.length; from += 16) {
    const w = words.slice(from, from + 16);
    for (let at = 16; at < 80; at++)
      w[at] = rotate((w[at - 3] ?? 0) ^ (w[at - 8] ?? 0) ^ (w[at - 14] ?? 0) ^ (w[at - 16] ?? 0), 1);
    let [a, b, c, d, e] = state;
    for (let at = 0; at < 80; at++) {
      const next = (rotate(a, 5) + round(at, b, c, d) + e + (w[at] ?? 0)) | 0;
      [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
    }
    state = [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0, (state[4] + e) | 0];
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

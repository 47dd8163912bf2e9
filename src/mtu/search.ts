/** Finds the largest packet that passes, by packets that a sender which is handed in sends. */
import type { Sent } from './world.ts';

/** Sends one packet of this many bytes, IP header included. */
export type Send = (bytes: number) => Promise<Sent>;

/** What was measured of one way. */
export interface Measured {
  /** The largest that passed; null: not even a small one did. */
  readonly largest: number | null;
  /** The smallest that did not pass, which is one byte larger. */
  readonly above: { readonly bytes: number; readonly sent: Sent } | null;
  /** What became of the largest packet that the sender's device lets out, where that is larger than what was expected to pass. */
  readonly full: { readonly bytes: number; readonly sent: Sent } | null;
}

/** A packet that any way carries (RFC 791 asks for 68, but then with hardly any data). */
const small = 100;
/** A lost packet proves nothing; this many do. */
const tries = 2;
/** The first ones may wait for neighbours to be found. */
const firstTries = 4;

async function sendUntil(send: Send, bytes: number, most: number): Promise<Sent> {
  let sent: Sent = { outcome: 'lost' };
  for (let count = 0; count < most && sent.outcome === 'lost'; count++) sent = await send(bytes);
  return sent;
}

/** Searches between what passed and what did not; what a refusal says is looked at first, a few times: it need not be true. */
async function bisect(send: Send, passed: number, failed: { bytes: number; sent: Sent }) {
  let [low, high] = [passed, failed];
  for (let round = 0; high.bytes - low > 1; round++) {
    const { sent, bytes } = high;
    const isTold = round < 3 && sent.outcome === 'refused' && sent.mtu > low && sent.mtu < bytes;
    const told = isTold ? sent.mtu : undefined;
    const middle = told ?? Math.floor((low + bytes) / 2);
    const next = await sendUntil(send, middle, tries);
    if (next.outcome === 'passed') low = middle;
    else high = { bytes: middle, sent: next };
    // What was told passes, and one byte more does not: the usual case, found by two packets.
    if (told !== undefined && next.outcome === 'passed' && high.bytes - low > 1) {
      const more = await sendUntil(send, low + 1, tries);
      if (more.outcome === 'passed') low += 1;
      else high = { bytes: low + 1, sent: more };
    }
  }
  return { largest: low, above: high };
}

/**
 * Finds the largest packet that passes.
 *
 * @param expected what should pass
 * @param device the MTU of the sender's device
 */
export async function findLargest(send: Send, expected: number, device: number): Promise<Measured> {
  const first = await sendUntil(send, small, firstTries);
  if (first.outcome !== 'passed') return { largest: null, above: { bytes: small, sent: first }, full: null };
  const wanted = await sendUntil(send, expected, tries);
  if (wanted.outcome !== 'passed')
    return { ...(await bisect(send, small, { bytes: expected, sent: wanted })), full: null };
  const one = await sendUntil(send, expected + 1, tries);
  if (one.outcome !== 'passed') {
    const full = device > expected + 1 ? { bytes: device, sent: await sendUntil(send, device, tries) } : null;
    return { largest: expected, above: { bytes: expected + 1, sent: one }, full };
  }
  // More passes than is asked of the way: a device takes four bytes more than it says, as room for a VLAN tag.
  const most = await sendUntil(send, device, tries);
  const full = { bytes: device, sent: most };
  if (most.outcome === 'passed') return { largest: device, above: null, full };
  return { ...(await bisect(send, expected + 1, full)), full };
}

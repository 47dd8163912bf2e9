/** MAC addresses of new ports. */
import { randomBelow } from '../lib/probes.ts';
import type { Random } from '../lib/random.ts';

/** How many addresses are tried at a time, and how often. */
const BATCH = 4;
const BATCHES = 16;

/**
 * Random addresses of the configured base, in batches to be tried in order. As in Neutron, the first three octets of `baseMac`
 * are kept, and the fourth too when it is not 00.
 */
export function* macCandidates(baseMac: string, random: Random): Generator<string[]> {
  const octets = baseMac.toLowerCase().split(':');
  const kept = octets[3] === '00' ? octets.slice(0, 3) : octets.slice(0, 4);
  const free = 6 - kept.length;
  for (let batch = 0; batch < BATCHES; batch++) {
    yield Array.from({ length: BATCH }, () => {
      const hex = randomBelow(random, 1n << BigInt(8 * free))
        .toString(16)
        .padStart(2 * free, '0');
      return [...kept, ...(hex.match(/../g) ?? [])].join(':');
    });
  }
}

/** Tells the neighbours of an address by gratuitous ARP; nobody waits for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressFact } from '../plan/facts.ts';
import { limiter } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { describe, run } from './run.ts';

/** Sends announcements. */
export interface Announcer {
  /** Queues one; a failure is logged. */
  announce(address: AddressFact): void;
  /** Resolves when all that was queued is sent. */
  settled(): Promise<void>;
}

/** Announcements under way at once, and those that may wait; beyond that the neighbours' own time-outs have to do. */
const width = 32;
const queueLimit = 20_000;
const deadlineMs = 5_000;
const delayMs = 10;

/** Makes an announcer. */
export function announcer(log: (line: string) => void): Announcer {
  const limited = limiter(width);
  const underWay = new Set<Promise<void>>();

  async function send({ namespace, device, cidr }: AddressFact): Promise<void> {
    const ip = cidr.replace(/\/.*/, '');
    try {
      // Starting a program holds this process up for milliseconds: what is under way goes first.
      await sleep(delayMs);
      const argv = inNamespace(namespace, ['arping', '-A', '-c', '1', '-I', device, ip]);
      await run(argv, { deadlineMs });
    } catch (error) {
      // The address went before its turn came.
      if (/Cannot assign requested address/.test(describe(error))) return;
      log(`announcing ${ip} on ${device} failed, its neighbours may keep an old entry for a while: ${describe(error)}`);
    }
  }

  return {
    announce(address) {
      // IPv6 announces an address by itself when it assigns it.
      if (address.cidr.includes(':')) return;
      if (underWay.size >= queueLimit) return log(`too many announcements wait: ${address.cidr} is left out`);
      const sent = limited(() => send(address)).finally(() => underWay.delete(sent));
      underWay.add(sent);
    },
    settled: async () => void (await Promise.all(underWay)),
  };
}

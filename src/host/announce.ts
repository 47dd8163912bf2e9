/** Tells the neighbours of an address by gratuitous ARP, or by an advertisement that nobody asked for; nobody waits for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressFact, ProxyFact } from '../plan/facts.ts';
import { limiter } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { describe, run } from './run.ts';

/** Sends announcements. */
export interface Announcer {
  /** Queues one; a failure is logged. */
  announce(fact: AddressFact | ProxyFact): void;
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

  async function send({ namespace, device }: AddressFact | ProxyFact, ip: string): Promise<void> {
    const argv = ip.includes(':')
      ? ['ndptool', '-t', 'na', '-U', '-i', device, '-T', ip, 'send']
      : ['arping', '-A', '-c', '1', '-I', device, ip];
    try {
      // Starting a program holds this process up for milliseconds: what is under way goes first.
      await sleep(delayMs);
      await run(inNamespace(namespace, argv), { deadlineMs });
    } catch (error) {
      // The address went before its turn came.
      if (/Cannot assign requested address/.test(describe(error))) return;
      log(`announcing ${ip} on ${device} failed, its neighbours may keep an old entry for a while: ${describe(error)}`);
    }
  }

  return {
    announce(fact) {
      const ip = fact.fact === 'proxy' ? fact.ip : fact.cidr.replace(/\/.*/, '');
      // IPv6 announces an address of its own by itself when it assigns it.
      if (fact.fact === 'address' && ip.includes(':')) return;
      if (underWay.size >= queueLimit) return log(`too many announcements wait: ${ip} is left out`);
      const sent = limited(() => send(fact, ip)).finally(() => underWay.delete(sent));
      underWay.add(sent);
    },
    settled: async () => void (await Promise.all(underWay)),
  };
}

/**
 * What the counters of metering labels came to, and what of it the server has not been told. Counters belong to the kernel: they
 * live on while no agent runs. The server keeps what it was told last, so that nothing is kept here for the next run.
 */
import type { Counted } from '../host/machine.ts';
import type { HostRouter, MeteringCount, MeteringReport } from '../model/host-objects.ts';
import { meteringCountsLimit } from '../model/host-objects.ts';
import { counterOf, meteringTable, routerNamespace } from '../plan/render/index.ts';
import type { Step } from '../plan/steps.ts';

/** Counts that have ended and wait for a server that is away: beyond these the oldest are given up. */
const endedLimit = 100_000;

interface Counter {
  reading: MeteringCount;
}

interface Metered {
  readonly routerId: string;
  readonly projectId: string;
  /** Whether anything is to be counted on it still. */
  wanted: boolean;
  /** By name. */
  readonly counters: Map<string, Counter>;
  /** The moment after which a reading must have begun: before it, other counters were there. */
  since: number;
}

/** The counters that a step takes away, as far as it tells: of a namespace all, or those of these names. */
export interface Ending {
  readonly step: Step;
  readonly namespace: string;
  readonly ends: (name: string) => boolean;
}

/** What the steps take away of counters. */
export function endingsOf(steps: readonly Step[]): Ending[] {
  return steps.flatMap((step): Ending[] => {
    if (step.do === 'cut' || step.do === 'add') return [];
    const { fact } = step;
    if (step.do === 'remove' && fact.fact === 'netns') return [{ step, namespace: fact.name, ends: () => true }];
    if (fact.fact !== 'nft-table' || fact.table !== meteringTable.table) return [];
    const left = new Set(step.do === 'change' ? fact.objects?.map(({ name }) => name) : []);
    return [{ step, namespace: fact.namespace, ends: (name) => !left.has(name) }];
  });
}

/** The readings of one run of the agent. */
export class Meters {
  readonly #run: string;
  readonly #boot: string;
  /** By namespace. */
  readonly #routers = new Map<string, Metered>();
  /** Counters that rose since they were told. */
  readonly #risen = new Set<Counter>();
  readonly #ended: MeteringCount[] = [];
  #moment = 0;
  #number = 0;
  /** Sent, and not answered for. */
  #underway: MeteringReport | undefined;

  constructor(run: string, boot: string) {
    this.#run = run;
    this.#boot = boot;
  }

  /** What is to be counted on a router; one on which nothing is any more is known until its counters are gone. */
  know(routerId: string, metering: HostRouter['metering']): void {
    const namespace = routerNamespace(routerId);
    const router = this.#routers.get(namespace);
    if (router) router.wanted = metering !== undefined;
    else if (metering) {
      const { project_id: projectId } = metering;
      this.#routers.set(namespace, { routerId, projectId, wanted: true, counters: new Map(), since: this.#moment });
    }
  }

  /** The namespaces with counters. */
  get namespaces(): string[] {
    return [...this.#routers.keys()];
  }

  isKnown(namespace: string): boolean {
    return this.#routers.has(namespace);
  }

  /** Now, for readings that begin now. */
  get moment(): number {
    return this.#moment;
  }

  /** Takes readings that began at a moment; those of counters that have ended since are not for those that are there now. */
  take(counted: readonly Counted[], moment: number): void {
    for (const { namespace, name, packets, bytes } of counted) {
      const router = this.#routers.get(namespace);
      const of = counterOf(name);
      if (!router || !of || router.since > moment) continue;
      const { routerId: router_id, projectId: project_id } = router;
      const { labelId: label_id, direction } = of;
      const reading = { router_id, project_id, label_id, direction, packets, bytes };
      const counter = router.counters.get(name) ?? { reading: { ...reading, packets: 0, bytes: 0 } };
      router.counters.set(name, counter);
      const before = counter.reading;
      // Somebody made it anew.
      if (packets < before.packets) this.#endedWith(before);
      counter.reading = reading;
      if (packets !== before.packets) this.#risen.add(counter);
    }
  }

  /** These counters are gone, with what they came to when they were last read. */
  end({ namespace, ends, step }: Ending): void {
    const router = this.#routers.get(namespace);
    if (!router) return;
    for (const [name, counter] of router.counters) {
      if (!ends(name)) continue;
      this.#endedWith(counter.reading);
      this.#risen.delete(counter);
      router.counters.delete(name);
    }
    this.#moment += 1;
    router.since = this.#moment;
    if (step.do === 'remove' && !router.wanted) this.#routers.delete(namespace);
  }

  #endedWith(reading: MeteringCount): void {
    if (reading.packets === 0) return;
    this.#ended.push({ ...reading, ended: true });
    if (this.#ended.length > endedLimit) this.#ended.shift();
  }

  /** The report that the server is to have next; the same one until it is told that it has it. Undefined: it knows everything. */
  next(): MeteringReport | undefined {
    if (this.#underway) return this.#underway;
    const counts = this.#ended.splice(0, meteringCountsLimit);
    for (const counter of this.#risen) {
      if (counts.length >= meteringCountsLimit) break;
      this.#risen.delete(counter);
      counts.push(counter.reading);
    }
    if (counts.length === 0) return undefined;
    this.#number += 1;
    this.#underway = { run: this.#run, number: this.#number, boot: this.#boot, counts };
    return this.#underway;
  }

  /** The server has the report under way. */
  taken(): void {
    this.#underway = undefined;
  }
}

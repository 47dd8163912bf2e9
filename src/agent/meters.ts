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

interface Metered {
  readonly routerId: string;
  readonly projectId: string;
  /** Whether anything is to be counted on it still. */
  readonly wanted: boolean;
}

const counterKey = ({ namespace, name }: Pick<Counted, 'namespace' | 'name'>) => `${namespace} ${name}`;

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
  readonly #readings = new Map<string, MeteringCount>();
  /** Keys of readings that rose since they were told. */
  readonly #risen = new Set<string>();
  readonly #ended: MeteringCount[] = [];
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
    const before = this.#routers.get(namespace);
    if (metering) this.#routers.set(namespace, { routerId, projectId: metering.project_id, wanted: true });
    else if (before) this.#routers.set(namespace, { ...before, wanted: false });
  }

  /** The namespaces with counters. */
  get namespaces(): string[] {
    return [...this.#routers.keys()];
  }

  isKnown(namespace: string): boolean {
    return this.#routers.has(namespace);
  }

  /** Takes readings. */
  take(counted: readonly Counted[]): void {
    for (const one of counted) {
      const router = this.#routers.get(one.namespace);
      const of = counterOf(one.name);
      if (!router || !of) continue;
      const key = counterKey(one);
      const before = this.#readings.get(key);
      // Somebody made it anew.
      if (before && one.packets < before.packets) this.#endedWith(before);
      const { routerId: router_id, projectId: project_id } = router;
      const { packets, bytes } = one;
      this.#readings.set(key, {
        ...{ router_id, project_id, label_id: of.labelId },
        ...{ direction: of.direction, packets, bytes },
      });
      if (packets !== (before?.packets ?? 0)) this.#risen.add(key);
    }
  }

  /** These counters are gone, with what they came to when they were last read. */
  end({ namespace, ends, step }: Ending): void {
    for (const key of [...this.#readings.keys()]) {
      const [place, name = ''] = key.split(' ');
      const reading = place === namespace && ends(name) ? this.#readings.get(key) : undefined;
      if (!reading) continue;
      this.#endedWith(reading);
      this.#readings.delete(key);
      this.#risen.delete(key);
    }
    if (step.do === 'remove' && !this.#routers.get(namespace)?.wanted) this.#routers.delete(namespace);
  }

  #endedWith(reading: MeteringCount): void {
    if (reading.packets === 0) return;
    this.#ended.push({ ...reading, ended: true });
    if (this.#ended.length > endedLimit) this.#ended.shift();
  }

  /** The report that the server is to have next; the same one until it is told that it has it. Undefined: it knows everything. */
  next(): MeteringReport | undefined {
    if (this.#underway) return this.#underway;
    const ended = this.#ended.splice(0, meteringCountsLimit);
    const counts = [...ended];
    for (const key of this.#risen) {
      if (counts.length >= meteringCountsLimit) break;
      this.#risen.delete(key);
      const reading = this.#readings.get(key);
      if (reading) counts.push(reading);
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

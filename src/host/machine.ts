/**
 * A machine that plans are performed on: this host, or the simulated one. Everything above reads and changes the world through
 * this interface alone.
 */
import type { Fact, FactKey, Namespace, NftFamily } from '../plan/facts.ts';
import type { Step, StepFailure } from '../plan/steps.ts';

/** A port of a switch. */
export interface SwitchPort {
  readonly bridge: string;
  /** Another one, or one that was plugged in anew, has another. */
  readonly plug: string;
  /** The port of the cloud that it is for (`external_ids:iface-id`). */
  readonly portId?: string;
}

/** How the switch of a machine stands. */
export interface SwitchState {
  /** Tells one run of the switch from the next, which has no flows any more; '' while it does not run. */
  readonly run: string;
  /** By name. */
  readonly ports: ReadonlyMap<string, SwitchPort>;
}

/** A table of nftables that has counters. */
export interface CountingTable {
  readonly namespace: Namespace;
  readonly family: NftFamily;
  readonly table: string;
}

/** What a counter has come to since it was made. */
export interface Counted {
  readonly namespace: Namespace;
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What plans are made from and performed on. */
export interface Machine {
  /**
   * How the named things are now: each of `facts` that is there, with its present state. What is not there is left out; what
   * cannot be read (a permission, a missing program) throws.
   */
  observe(facts: Iterable<Fact>): Promise<Map<FactKey, Fact>>;

  /**
   * Performs the steps in their order, in as few commands as can be, and reports those that failed. It goes on after a failure
   * where the next step is about another thing.
   */
  perform(steps: readonly Step[]): Promise<StepFailure[]>;

  /** Calls `changed` when devices, or ports of the switch, come or go (at most every 20 ms), until `stop` is called. */
  watchLinks(changed: () => void): { stop(): void };

  /**
   * The devices of the machine's own namespace: name → index. A device that was made anew under its old name has another index.
   */
  listLinks(): Promise<ReadonlyMap<string, number>>;

  /**
   * Calls `ended` with the processes (of facts that were observed or performed) that ended by themselves, within a second, until
   * `stop` is called.
   */
  watchProcesses(ended: (keys: readonly FactKey[]) => void): { stop(): void };

  /** What the counters of these tables have come to; a table that is not there has none. */
  readCounters(tables: readonly CountingTable[]): Promise<Counted[]>;

  /** How the switch stands; undefined on a machine that has none that it was told of. */
  switchState(): Promise<SwitchState | undefined>;
}

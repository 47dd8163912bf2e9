/** What a performer of one kind of step gets and gives. */
import type { Fact } from '../plan/facts.ts';
import type { Step, StepFailure } from '../plan/steps.ts';
import type { Announcer } from './announce.ts';
import type { HelperPool } from './helper-pool.ts';
import type { Iproute } from './iproute.ts';
import type { Ovsdb } from './ovsdb.ts';
import type { ProcessWatch } from './process-watch.ts';
import type { TableMemory } from './table-memory.ts';

/** What the performers share. */
export interface HostContext {
  readonly pool: HelperPool;
  readonly ip: Iproute;
  readonly announcer: Announcer;
  readonly tables: TableMemory;
  /** The daemons that run. */
  readonly daemons: ProcessWatch;
  readonly ovsdb: Ovsdb;
  readonly log: (line: string) => void;
}

/** A step about a fact of one type. */
export type StepOn<F extends Fact> =
  | { readonly do: 'add'; readonly fact: F; readonly why: string }
  | { readonly do: 'change'; readonly fact: F; readonly was: F; readonly why: string }
  | { readonly do: 'remove'; readonly fact: F; readonly why: string };

/** The failure of a step. */
export function failure(step: Step | StepOn<Fact>, error: string): StepFailure {
  return { step: step as Step, error };
}

/** Performs steps one after another, each on its own: a failure of one does not keep the others. */
export async function eachStep<S extends StepOn<Fact>>(
  steps: readonly S[],
  work: (step: S) => Promise<void>,
): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const step of steps) {
    try {
      await work(step);
    } catch (error) {
      failures.push(failure(step, error instanceof Error ? error.message : String(error)));
    }
  }
  return failures;
}

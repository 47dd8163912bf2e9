/** Reads and loads nftables tables and the elements of their sets. */
import type { Fact, Namespace, NftElementsFact, NftTableFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type StepOn } from './batch.ts';
import { groupBy } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { elementLines, parseTable, presentTable, type TableState, tableLines, without } from './nft-text.ts';
import { CommandError, describe, run } from './run.ts';

/** A fact about a table of nftables. */
export type NftFact = NftTableFact | NftElementsFact;

const deadlineMs = 30_000;

const tableOf = ({ family, table }: NftFact) => `${family} ${table}`;

/** A table as it is, or undefined where there is none of the name. */
async function readTable(namespace: Namespace, table: string): Promise<TableState | undefined> {
  try {
    const argv = inNamespace(namespace, ['nft', '-j', 'list', 'table', ...table.split(' ')]);
    return parseTable((await run(argv, { deadlineMs })).stdout);
  } catch (error) {
    if (error instanceof CommandError && /No such file or directory/.test(error.stderr)) return undefined;
    throw error;
  }
}

/** Those of the facts that are there: each table is listed once. */
export async function readNft(namespace: Namespace, facts: readonly NftFact[]): Promise<Fact[]> {
  const found = [...groupBy(facts, tableOf)].map(async ([table, asked]) => {
    const state = await readTable(namespace, table);
    return state ? asked.flatMap((fact) => present(fact, state) ?? []) : [];
  });
  return (await Promise.all(found)).flat();
}

function present(fact: NftFact, state: TableState): NftFact | undefined {
  if (fact.fact === 'nft-table') return presentTable(fact, state);
  const elements = state.elements.get(fact.owner);
  return elements && { ...fact, elements };
}

/** What a step takes away and what it brings, in lines. `now`: what the device has in the sets. */
function linesOf(step: StepOn<NftFact>, now: NftElementsFact['elements']): { less: string[]; more: string[] } {
  const { fact } = step;
  const remove = step.do === 'remove';
  if (fact.fact === 'nft-table')
    return remove ? { less: [`delete table ${tableOf(fact)}`], more: [] } : { less: [], more: tableLines(fact) };
  const wanted = remove ? {} : fact.elements;
  return {
    less: elementLines('delete', fact, without(now, wanted)),
    more: elementLines('add', fact, without(wanted, now)),
  };
}

async function load(namespace: Namespace, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run(inNamespace(namespace, ['nft', '-f', '-']), { stdin: `${lines.join('\n')}\n`, deadlineMs });
}

/** What a device has according to the step, which was planned from what was seen. */
function assumed(step: StepOn<NftFact>): NftElementsFact['elements'] {
  if (step.fact.fact !== 'nft-elements' || step.do === 'add') return {};
  const before = step.do === 'change' ? step.was : step.fact;
  return before.fact === 'nft-elements' ? before.elements : {};
}

/**
 * One step by itself, from what is there now: in two loads, since no load may add a prefix that overlaps one that it deletes.
 */
async function alone(namespace: Namespace, step: StepOn<NftFact>): Promise<void> {
  const { fact } = step;
  const state = await readTable(namespace, tableOf(fact));
  if (!state && step.do === 'remove') return;
  const now = fact.fact === 'nft-elements' ? state?.elements.get(fact.owner) : undefined;
  const { less, more } = linesOf(step, now ?? {});
  await load(namespace, less);
  await load(namespace, more);
}

/** Performs steps of one namespace in one load; when it is refused, one by one, so that each fails for itself. */
export async function performNft(namespace: Namespace, steps: readonly StepOn<NftFact>[]): Promise<StepFailure[]> {
  try {
    const lines = steps.flatMap((step) => {
      const { less, more } = linesOf(step, assumed(step));
      return [...less, ...more];
    });
    await load(namespace, lines);
    return [];
  } catch {
    const failures: StepFailure[] = [];
    for (const step of steps) {
      const error = await alone(namespace, step).then(() => undefined, describe);
      if (error !== undefined) failures.push(failure(step, error));
    }
    return failures;
  }
}

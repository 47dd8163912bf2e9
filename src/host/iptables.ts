/** Reads and loads iptables chains and hooks. */
import type { ChainFact, Fact, HookFact, IpFamily, Namespace } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type StepOn } from './batch.ts';
import { buildLoad, type Chains, endOf, failedLine, type Load, needsState, parseSave } from './iptables-text.ts';
import { groupBy } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { CommandError, describe, run } from './run.ts';

/** A fact in a table. */
export type TableFact = ChainFact | HookFact;

/** Loading ten thousand rules takes less than half a second; a busy host and a held lock are allowed for. */
const deadlineMs = 30_000;

function program(family: IpFamily, what: 'save' | 'restore'): string {
  return `${family === 4 ? 'iptables' : 'ip6tables'}-${what}`;
}

/** The named tables of a family, read in one go. */
async function readTables(
  namespace: Namespace,
  family: IpFamily,
  tables: readonly string[],
): Promise<Map<string, Chains>> {
  const which = tables.length === 1 ? ['-t', tables[0] ?? ''] : [];
  const { stdout } = await run(inNamespace(namespace, [program(family, 'save'), ...which]), { deadlineMs });
  return parseSave(stdout);
}

/** Those of the facts that are there. A chain has its present rules. */
export async function readIptables(namespace: Namespace, facts: readonly TableFact[]): Promise<Fact[]> {
  const found: Fact[] = [];
  for (const ofFamily of groupBy(facts, ({ family }) => String(family)).values()) {
    const family = ofFamily[0]?.family ?? 4;
    const tables = await readTables(namespace, family, [...new Set(ofFamily.map(({ table }) => table))]);
    for (const fact of ofFamily) {
      const rules = tables.get(fact.table)?.get(fact.chain);
      if (!rules) continue;
      if (fact.fact === 'chain') found.push({ ...fact, rules: fact.shared ? endOf(rules, fact.rules.length) : rules });
      else if (rules.includes(fact.rule)) found.push(fact);
    }
  }
  return found;
}

/**
 * Performs steps of one namespace, family and table in one load. When it is refused, the step whose line is to blame is left out
 * and reported, and the rest is loaded: a bad rule keeps nobody else's from coming about.
 */
export async function performIptables(
  namespace: Namespace,
  steps: readonly StepOn<TableFact>[],
): Promise<StepFailure[]> {
  const fact = steps[0]?.fact;
  if (!fact) return [];
  const argv = inNamespace(namespace, [program(fact.family, 'restore'), '--noflush', '-w', '10']);
  const failures: StepFailure[] = [];
  const state = needsState(steps)
    ? (await readTables(namespace, fact.family, [fact.table])).get(fact.table)
    : undefined;
  let rest = [...steps];
  while (rest.length > 0) {
    const refused = await load(argv, buildLoad(fact.table, rest, state ?? new Map()));
    if (!refused) break;
    const culprit = rest.length === 1 ? rest[0] : refused.culprit;
    if (!culprit) return [...failures, ...(await oneByOne(namespace, rest))];
    failures.push(failure(culprit, refused.error));
    rest = rest.filter((step) => step !== culprit);
  }
  return failures;
}

/** Loads; gives the error when the load was refused, and the step that is to blame where it can be told. */
async function load(
  argv: readonly string[],
  { text, owner }: Load,
): Promise<{ error: string; culprit: StepOn<TableFact> | undefined } | undefined> {
  try {
    await run(argv, { stdin: text, deadlineMs });
    return undefined;
  } catch (error) {
    const blamed = error instanceof CommandError ? failedLine(error.stderr) : undefined;
    const line = blamed === undefined ? undefined : text.split('\n')[blamed - 1];
    return {
      error: `${describe(error)}${line === undefined ? '' : ` (${line})`}`,
      culprit: blamed === undefined ? undefined : owner.get(blamed),
    };
  }
}

/** The last resort when a load is refused without a line to blame. */
async function oneByOne(namespace: Namespace, steps: readonly StepOn<TableFact>[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const step of steps) failures.push(...(await performIptables(namespace, [step])));
  return failures;
}

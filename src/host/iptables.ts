/** Reads and loads iptables chains and hooks. */
import type { ChainFact, Fact, HookFact, IpFamily, IptablesTable, Namespace } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import { buildLoad, type Chains, dependsOnState, endOf, type Load, needsState, parseSave } from './iptables-text.ts';
import { groupBy } from './limit.ts';
import { namespaceId } from './namespaces.ts';
import { restoreKind } from './restore-helper.ts';
import { shellKind } from './shell-helper.ts';
import type { TableName } from './table-memory.ts';

/** A fact in a table. */
export type TableFact = ChainFact | HookFact;

const restoreKinds = { 4: restoreKind(4), 6: restoreKind(6) } as const;

interface Place {
  readonly namespace: Namespace;
  readonly family: IpFamily;
}

/** The named tables of a family, read in one go and remembered. One that nothing was ever put into is empty. */
async function readTables(
  { pool, tables: memory }: HostContext,
  namespace: Namespace,
  family: IpFamily,
  tables: readonly IptablesTable[],
): Promise<Map<string, Chains>> {
  const id = (await namespaceId(namespace)) ?? '';
  const remember = tables.map((table) => memory.reading({ namespaceId: id, family, table }));
  const which = tables.length === 1 ? ['-t', tables[0] ?? ''] : [];
  let saved: Map<string, Chains> | undefined;
  try {
    const script = [family === 4 ? 'iptables-save' : 'ip6tables-save', ...which].join(' ');
    saved = parseSave(await pool.use(shellKind, namespace, (shell) => shell.run(script)));
    return saved;
  } finally {
    for (const [index, table] of tables.entries()) remember[index]?.(saved && (saved.get(table) ?? new Map()));
  }
}

/** Those of the facts that are there. A chain has its present rules. */
export async function readIptables(
  context: HostContext,
  namespace: Namespace,
  facts: readonly TableFact[],
): Promise<Fact[]> {
  const readFamily = async (ofFamily: readonly TableFact[]): Promise<Fact[]> => {
    const names = [...new Set(ofFamily.map(({ table }) => table))];
    const tables = await readTables(context, namespace, ofFamily[0]?.family ?? 4, names);
    return presentRules(ofFamily, new Map([[ofFamily[0]?.family ?? 4, tables]]));
  };
  const families = [...groupBy(facts, ({ family }) => String(family)).values()];
  return (await Promise.all(families.map(readFamily))).flat();
}

/** Those of the facts that stand in the tables, by family and name. */
export function presentRules(
  facts: readonly TableFact[],
  tables: ReadonlyMap<IpFamily, ReadonlyMap<string, Chains>>,
): Fact[] {
  const rules = rulesByChain(tables);
  return facts.flatMap((fact) => presentFact(fact, rules(fact)) ?? []);
}

interface Rules {
  readonly list: readonly string[];
  /** Rule → its first place. */
  readonly places: ReadonlyMap<string, number>;
}

/** Finds the rules of the chain that a fact is about; a chain with thousands of hooks is indexed once. */
function rulesByChain(
  tables: ReadonlyMap<IpFamily, ReadonlyMap<string, Chains>>,
): (fact: TableFact) => Rules | undefined {
  const known = new Map<readonly string[], Rules>();
  return ({ family, table, chain }) => {
    const list = tables.get(family)?.get(table)?.get(chain);
    if (!list) return undefined;
    const rules = known.get(list) ?? { list, places: placesOf(list) };
    known.set(list, rules);
    return rules;
  };
}

function placesOf(rules: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const [place, rule] of rules.entries()) if (!places.has(rule)) places.set(rule, place);
  return places;
}

/** Whether a hook stands in its chain, and not before the one that it is to stand behind. */
function stands({ rule, behind }: HookFact, places: ReadonlyMap<string, number>): boolean {
  const place = places.get(rule);
  return place !== undefined && place >= (places.get(behind ?? '') ?? 0);
}

function presentFact(fact: TableFact, there: Rules | undefined): TableFact | undefined {
  if (!there) return undefined;
  if (fact.fact === 'hook') return stands(fact, there.places) ? fact : undefined;
  const rules = there.list;
  return { ...fact, rules: fact.shared ? endOf(rules, fact.rules.length) : rules };
}

/**
 * Performs steps of one namespace, family and table in one load. When it is refused, the step whose line is to blame is left out
 * and reported, and the rest is loaded: a bad rule keeps nobody else's from coming about.
 */
export async function performIptables(
  context: HostContext,
  namespace: Namespace,
  steps: readonly StepOn<TableFact>[],
): Promise<StepFailure[]> {
  const fact = steps[0]?.fact;
  if (!fact) return [];
  const { family, table } = fact;
  const memory = context.tables;
  const name: TableName = { namespaceId: (await namespaceId(namespace)) ?? '', family, table };
  const failures: StepFailure[] = [];
  const needed = needsState(steps);
  const read = async () => (await readTables(context, namespace, family, [table])).get(table) ?? new Map();
  const recalled = memory.recall(name);
  let state: Chains | undefined = recalled ?? (needed ? await read() : undefined);
  // Without hooks and shared chains, nothing depends on what is there.
  let certain = recalled === undefined && (needed || !dependsOnState(steps));
  let rest = [...steps];
  while (rest.length > 0) {
    memory.forget(name);
    const refused = await load(context, { namespace, family }, buildLoad(table, rest, state));
    memory.forget(name);
    if (!refused) break;
    if (!certain) {
      // What was remembered may be out of date: nobody is blamed before it was read anew.
      state = await read();
      certain = true;
      continue;
    }
    const culprit = rest.length === 1 ? rest[0] : refused.culprit;
    if (!culprit) return [...failures, ...(await oneByOne(context, namespace, rest))];
    failures.push(failure(culprit, refused.error));
    rest = rest.filter((step) => step !== culprit);
  }
  return failures;
}

/** Loads; gives the error when the load was refused, and the step that is to blame where it can be told. */
async function load(
  { pool }: HostContext,
  { namespace, family }: Place,
  { text, owner }: Load,
): Promise<{ error: string; culprit: StepOn<TableFact> | undefined } | undefined> {
  const refused = await pool.use(restoreKinds[family], namespace, (helper) => helper.load(text));
  if (!refused) return undefined;
  const number = owner.has(refused.line ?? 0) ? refused.line : jumpToMissing(refused.error, text);
  const line = number === undefined ? undefined : text.split('\n')[number - 1];
  return {
    error: `${refused.error}${line === undefined ? '' : ` (${line})`}`,
    culprit: number === undefined ? undefined : owner.get(number),
  };
}

/** The line that jumps to a chain that is not there: iptables-restore finds that out at the end, and blames the end. */
function jumpToMissing(error: string, text: string): number | undefined {
  const chain = /Chain '([^']+)' does not exist/.exec(error)?.[1];
  if (chain === undefined) return undefined;
  const at = text.split('\n').findIndex((line) => line.startsWith('-') && ` ${line} `.includes(` ${chain} `));
  return at < 0 ? undefined : at + 1;
}

/** The last resort when a load is refused without a line to blame. */
async function oneByOne(
  context: HostContext,
  namespace: Namespace,
  steps: readonly StepOn<TableFact>[],
): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const step of steps) failures.push(...(await performIptables(context, namespace, [step])));
  return failures;
}

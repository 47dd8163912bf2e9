/** Reads and loads nftables tables and the elements of their sets and maps. */
import type { Fact, Namespace, NftElementFact, NftElementsFact, NftTableFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type HostContext, type StepOn } from './batch.ts';
import { groupBy } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import {
  type Entry,
  elementLines,
  entriesOf,
  entryLine,
  isSpread,
  parseTable,
  presentEntry,
  presentTable,
  type Standing,
  standing,
  surplusOf,
  type TableState,
  tableLines,
  without,
} from './nft-text.ts';
import { CommandError, describe, run } from './run.ts';
import { shellKind } from './shell-helper.ts';

/** A fact about a table of nftables. */
export type NftFact = NftTableFact | NftElementsFact | NftElementFact;

const deadlineMs = 30_000;

/** The name of a table with its family. */
export const tableOf = ({ family, table }: NftFact) => `${family} ${table}`;

/** What `nft -j list table` answered: a table, or undefined where there is none of the name. Throws any other complaint. */
export function parseNft(text: string): TableState | undefined {
  if (text.trimStart().startsWith('{')) return parseTable(text);
  if (/No such file or directory/.test(text)) return undefined;
  throw new Error(`nft -j list table: ${text.trim()}`);
}

/** A table as it is, or undefined where there is none of the name. */
async function readTable(namespace: Namespace, table: string): Promise<TableState | undefined> {
  const argv = inNamespace(namespace, ['nft', '-j', 'list', 'table', ...table.split(' ')]);
  const { code, stdout, stderr } = await run(argv, { deadlineMs, codes: [0, 1] });
  return parseNft(code === 0 ? stdout : stderr);
}

/** Those of the facts that are there: each table is listed once. */
export async function readNft(namespace: Namespace, facts: readonly NftFact[]): Promise<Fact[]> {
  const found = [...groupBy(facts, tableOf)].map(async ([table, asked]) => {
    return presentNft(asked, await readTable(namespace, table));
  });
  return (await Promise.all(found)).flat();
}

/** Those of the facts of one table that are there. */
export function presentNft(facts: readonly NftFact[], state: TableState | undefined): Fact[] {
  return state ? facts.flatMap((fact) => present(fact, state) ?? []) : [];
}

function present(fact: NftFact, state: TableState): NftFact | undefined {
  if (fact.fact === 'nft-table') return presentTable(fact, state);
  if (fact.fact === 'nft-element') return presentEntry(fact, state);
  const elements = state.elements.get(fact.owner);
  return elements && { ...fact, elements };
}

/** What a step takes away and what it brings, in lines. */
interface Lines {
  readonly less: readonly string[];
  readonly more: readonly string[];
}

const nothing: NftElementsFact['elements'] = {};

/** What a device has according to the step, which was planned from what was seen. */
function assumed(step: StepOn<NftFact>): NftElementsFact['elements'] {
  if (step.fact.fact !== 'nft-elements' || step.do === 'add') return nothing;
  const before = step.do === 'change' ? step.was : step.fact;
  return before.fact === 'nft-elements' ? before.elements : nothing;
}

function entryChange(step: StepOn<NftFact>, fact: NftElementFact, state: TableState | undefined): Lines {
  const wanted = entriesOf(fact);
  const now = state?.maps.get(fact.map);
  const remove = step.do === 'remove';
  const stands = (entry: Entry) => {
    const there = now?.get(entry.key);
    return there?.partOf === entry.partOf && there.value === entry.value;
  };
  const goes = ({ key, partOf }: Entry) => now?.get(key)?.partOf === partOf;
  const bring = remove ? [] : wanted.filter((entry) => !stands(entry));
  // Without a look at the table, what is there is what the step says.
  const take = state
    ? remove
      ? wanted.filter(goes)
      : bring.filter(({ key }) => now?.has(key))
    : step.do === 'add'
      ? []
      : wanted;
  return {
    less: take.map((entry) => entryLine('delete', fact, entry)),
    more: bring.map((entry) => entryLine('add', fact, entry)),
  };
}

/** What goes of a table that comes or changes. */
function surplus(step: StepOn<NftFact>, fact: NftTableFact, state: TableState | undefined): Standing {
  if (state) return surplusOf(fact, standing(state));
  if (step.do !== 'change' || step.was.fact !== 'nft-table') return { chains: [], objects: [] };
  return surplusOf(fact, { chains: step.was.chains.map(({ name }) => name), objects: step.was.objects ?? [] });
}

/** The lines of a step, from what its table is; without a state, from what the step says of it. */
function linesOf(step: StepOn<NftFact>, state: TableState | undefined): Lines {
  const { fact } = step;
  const remove = step.do === 'remove';
  if (fact.fact === 'nft-table')
    return remove
      ? { less: [`delete table ${tableOf(fact)}`], more: [] }
      : { less: [], more: tableLines(fact, surplus(step, fact, state)) };
  if (fact.fact === 'nft-element') return entryChange(step, fact, state);
  const now = state ? (state.elements.get(fact.owner) ?? nothing) : assumed(step);
  const wanted = remove ? nothing : fact.elements;
  return {
    less: elementLines('delete', fact, without(now, wanted)),
    more: elementLines('add', fact, without(wanted, now)),
  };
}

/** Where a line comes in a load: tables that come, elements that go, elements that come, tables that go. */
function placeOf(step: StepOn<NftFact>, which: keyof Lines): number {
  if (step.fact.fact === 'nft-table') return which === 'more' ? 0 : 3;
  // No load may add a prefix to a set that overlaps one which it deletes: in sets of devices, a step at a time.
  return step.fact.fact === 'nft-elements' ? 2 : which === 'less' ? 1 : 2;
}

interface OwnedLine {
  readonly text: string;
  readonly step: StepOn<NftFact>;
}

/** The lines of some steps in the order of a load. */
function inLoadOrder(steps: readonly StepOn<NftFact>[], stateOf: (step: StepOn<NftFact>) => TableState | undefined) {
  const places: OwnedLine[][] = [[], [], [], []];
  const said = new Set<string>();
  for (const step of steps) {
    const lines = linesOf(step, stateOf(step));
    for (const which of ['less', 'more'] as const)
      for (const text of lines[which]) {
        // What one step takes away may be in another's way too.
        if (said.has(text)) continue;
        said.add(text);
        places[placeOf(step, which)]?.push({ text, step });
      }
  }
  return places.flat();
}

const elementCommand = /^((?:add|delete) element \S+ \S+ \S+) \{ (.*) \}$/;

/** Neighbours that do the same to one map as one line: nft reads that in a fraction of the time. */
function joined(lines: readonly OwnedLine[]): string[] {
  const result: { head: string; parts: string[] }[] = [];
  for (const { text } of lines) {
    const [, head = text, part] = elementCommand.exec(text) ?? [];
    const last = result.at(-1);
    if (part !== undefined && last?.head === head) last.parts.push(part);
    else result.push({ head, parts: part === undefined ? [] : [part] });
  }
  return result.map(({ head, parts }) => (parts.length > 0 ? `${head} { ${parts.join(', ')} }` : head));
}

/** Characters of a load that go to nft as an argument; the kernel takes 131,071. */
const argumentLimit = 60_000;

async function load(context: HostContext, namespace: Namespace, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const text = lines.join('\n');
  if (text.length > argumentLimit || text.includes("'")) {
    await run(inNamespace(namespace, ['nft', '-f', '-']), { stdin: `${text}\n`, deadlineMs });
    return;
  }
  // From a shell in the namespace the program starts in a fraction of the time.
  await context.pool.use(shellKind, namespace, (shell) => shell.run(`nft '${text.replaceAll('\n', '; ')}'`));
}

/**
 * Performs steps of one namespace in one load; when it is refused, once more from what is there now, and without the steps that
 * are to blame, so that each fails for itself.
 */
export async function performNft(
  context: HostContext,
  namespace: Namespace,
  steps: readonly StepOn<NftFact>[],
): Promise<StepFailure[]> {
  // Ranges may overlap with others that come or go: which of their elements are there is looked up.
  const spread = steps.some(
    ({ do: action, fact }) => action !== 'add' && fact.fact === 'nft-element' && isSpread(fact),
  );
  if (spread) return performSeen(namespace, steps);
  try {
    await load(context, namespace, joined(inLoadOrder(steps, () => undefined)));
    return [];
  } catch {
    return performSeen(namespace, steps);
  }
}

/** What each table is now; one that is not there is empty. */
async function readStates(namespace: Namespace, steps: readonly StepOn<NftFact>[]): Promise<Map<string, TableState>> {
  const empty: TableState = {
    sets: new Set(),
    chains: new Map(),
    objects: new Map(),
    elements: new Map(),
    maps: new Map(),
  };
  const names = [...new Set(steps.map(({ fact }) => tableOf(fact)))];
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await readTable(namespace, name)) ?? empty] as const)),
  );
}

/** What is gone already needs no step. */
function isGone({ do: action, fact }: StepOn<NftFact>, states: ReadonlyMap<string, TableState>): boolean {
  return action === 'remove' && states.get(tableOf(fact))?.chains.size === 0;
}

async function performSeen(namespace: Namespace, steps: readonly StepOn<NftFact>[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  const states = await readStates(namespace, steps);
  let rest = steps.filter((step) => !isGone(step, states));
  while (rest.length > 0) {
    const refused = await refusal(
      namespace,
      inLoadOrder(rest, (step) => states.get(tableOf(step.fact))),
    );
    if (!refused) break;
    // Where nobody is to blame, each is tried by itself.
    const suspects = refused.culprit ? [refused.culprit] : rest;
    failures.push(...(await eachAlone(namespace, suspects)));
    rest = rest.filter((step) => !suspects.includes(step));
  }
  return failures;
}

interface Refusal {
  readonly error: string;
  readonly culprit: StepOn<NftFact> | undefined;
}

/** Loads line by line in one transaction; why it was refused, and which step it complains of. */
async function refusal(namespace: Namespace, lines: readonly OwnedLine[]): Promise<Refusal | undefined> {
  if (lines.length === 0) return undefined;
  try {
    const stdin = `${lines.map(({ text }) => text).join('\n')}\n`;
    await run(inNamespace(namespace, ['nft', '-f', '-']), { stdin, deadlineMs });
    return undefined;
  } catch (error) {
    const number = error instanceof CommandError ? /^\S+:(\d+):\d+/m.exec(error.stderr)?.[1] : undefined;
    return { error: describe(error), culprit: number === undefined ? undefined : lines[Number(number) - 1]?.step };
  }
}

/**
 * Why a step fails by itself, from what is there now: in two loads, since no load may add a prefix that overlaps one that it
 * deletes. Undefined: it does not.
 */
async function aloneError(namespace: Namespace, step: StepOn<NftFact>): Promise<string | undefined> {
  try {
    const states = await readStates(namespace, [step]);
    if (isGone(step, states)) return undefined;
    const { less, more } = linesOf(step, states.get(tableOf(step.fact)));
    const owned = (lines: readonly string[]) => lines.map((text) => ({ text, step }));
    return ((await refusal(namespace, owned(less))) ?? (await refusal(namespace, owned(more))))?.error;
  } catch (error) {
    return describe(error);
  }
}

async function eachAlone(namespace: Namespace, steps: readonly StepOn<NftFact>[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const step of steps) {
    const error = await aloneError(namespace, step);
    if (error !== undefined) failures.push(failure(step, error));
  }
  return failures;
}

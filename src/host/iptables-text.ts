/** The text that iptables-save prints and iptables-restore reads; pure. */
import type { ChainFact, HookFact } from '../plan/facts.ts';
import type { StepOn } from './batch.ts';

/** The chains of one table, each with its rules as they are printed, without `-A CHAIN `. */
export type Chains = Map<string, string[]>;

/** Reads what iptables-save printed: tables by name. */
export function parseSave(text: string): Map<string, Chains> {
  const tables = new Map<string, Chains>();
  let chains: Chains = new Map();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = new Map();
      tables.set(line.slice(1).trim(), chains);
    } else if (line.startsWith(':')) {
      chains.set(line.slice(1, line.indexOf(' ')), []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const chain = end === -1 ? line.slice(3) : line.slice(3, end);
      chains.get(chain)?.push(end === -1 ? '' : line.slice(end + 1));
    }
  }
  return tables;
}

/** A load for iptables-restore, and which step each of its lines is due to. */
export interface Load {
  readonly text: string;
  /** By line number, from 1. */
  readonly owner: ReadonlyMap<number, StepOn<ChainFact | HookFact>>;
}

/** Whether the load would be another one for another state of the table: what stands among others' rules is not made twice. */
export function dependsOnState(steps: readonly StepOn<ChainFact | HookFact>[]): boolean {
  return steps.some(({ do: action, fact }) => fact.fact === 'hook' || (fact.shared === true && action !== 'remove'));
}

/** Whether that state must be known; hooks that may stand anywhere are made and taken away on the assumption of the plan. */
export function needsState(steps: readonly StepOn<ChainFact | HookFact>[]): boolean {
  return dependsOnState(steps.filter(({ fact }) => fact.fact !== 'hook' || !fact.anywhere));
}

type TableStep = StepOn<ChainFact | HookFact>;

function chainsOf(steps: readonly TableStep[]): StepOn<ChainFact>[] {
  return steps.filter((step): step is StepOn<ChainFact> => step.fact.fact === 'chain');
}

function hooksOf(steps: readonly TableStep[]): StepOn<HookFact>[] {
  return steps.filter((step): step is StepOn<HookFact> => step.fact.fact === 'hook');
}

/** The last step about each fact: a load is one transaction, only its outcome counts. */
function lastOfEach<F extends ChainFact | HookFact>(steps: readonly StepOn<F>[], key: (fact: F) => string) {
  return new Map(steps.map((step) => [key(step.fact), step])).values();
}

/** The rules of a chain's end: those after the hooks of others. */
export function endOf(rules: readonly string[], length: number): readonly string[] {
  return length === 0 ? [] : rules.slice(-length);
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}

/** Each of `rules` as often as it stands in both lists. */
function present(rules: readonly string[], there: readonly string[]): string[] {
  const left = [...there];
  return rules.filter((rule) => {
    const at = left.indexOf(rule);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

/** Whether the load empties the chain: one of our own always, a shared one only when it goes. */
function isEmptied({ do: action, fact }: StepOn<ChainFact>, chains: Chains): boolean {
  return !fact.shared || action === 'remove' || !chains.has(fact.chain);
}

/** Lines that fill a chain. In a shared one that stays, the old end goes rule by rule and the hooks in front are left alone. */
function filling(step: StepOn<ChainFact>, chains: Chains): string[] {
  const { chain, rules } = step.fact;
  if (step.do === 'remove') return [];
  const appended = rules.map((rule) => `-A ${chain} ${rule}`);
  if (isEmptied(step, chains)) return appended;
  const there = chains.get(chain) ?? [];
  if (sameRules(endOf(there, rules.length), rules) && step.do === 'add') return [];
  const old = step.do === 'change' ? step.was.rules : rules;
  return [...present(old, there).map((rule) => `-D ${chain} ${rule}`), ...appended];
}

/** Tells how often each rule stands in a chain; a chain is counted when it is first asked for. */
function counted(chains: Chains): (chain: string) => ReadonlyMap<string, number> {
  const known = new Map<string, Map<string, number>>();
  return (chain) => {
    const before = known.get(chain);
    if (before) return before;
    const counts = new Map<string, number>();
    for (const rule of chains.get(chain) ?? []) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    known.set(chain, counts);
    return counts;
  };
}

/**
 * Lines that insert a hook in front, or take it away as often as it is there (unknown: as planned). One that is there already, and
 * whose place counts, comes to the front.
 */
function hooking(
  { do: action, fact: { chain, rule, anywhere } }: StepOn<HookFact>,
  there: ReadonlyMap<string, number> | undefined,
): string[] {
  if (!there) return action === 'remove' ? [`-D ${chain} ${rule}`] : [`-I ${chain} ${rule}`];
  const count = there.get(rule) ?? 0;
  const away = Array.from({ length: count }, () => `-D ${chain} ${rule}`);
  if (action === 'remove') return away;
  if (anywhere) return count === 0 ? [`-I ${chain} ${rule}`] : [];
  return [...away, `-I ${chain} ${rule}`];
}

/**
 * Builds one load for steps of one table. Chains are declared first (which empties those of our own within the transaction),
 * then they are filled, then hooks come and go, and chains go last; so no rule ever names a chain that is not there, whatever
 * the order of the steps, and foreign rules are not touched. `state` is that of the table, where it is known.
 */
export function buildLoad(table: string, steps: readonly TableStep[], state: Chains | undefined): Load {
  const chains: Chains = state ?? new Map();
  const lines = [`*${table}`];
  const owner = new Map<number, TableStep>();
  const put = (step: TableStep, line: string) => {
    lines.push(line);
    owner.set(lines.length, step);
  };
  const counts = counted(chains);
  const chainSteps = [...lastOfEach(chainsOf(steps), ({ chain }) => chain)];
  const emptied = new Set<string>();
  for (const step of chainSteps) {
    if (!isEmptied(step, chains)) continue;
    emptied.add(step.fact.chain);
    put(step, `:${step.fact.chain} - [0:0]`);
  }
  for (const step of chainSteps) for (const line of filling(step, chains)) put(step, line);
  for (const step of lastOfEach(hooksOf(steps), ({ chain, rule }) => `${chain} ${rule}`)) {
    const there = emptied.has(step.fact.chain) ? new Map() : state && counts(step.fact.chain);
    for (const line of hooking(step, there)) put(step, line);
  }
  for (const step of chainSteps) if (step.do === 'remove') put(step, `-X ${step.fact.chain}`);
  // A line break in a rule would end it and begin another one.
  for (const line of lines) if (/[\n\r]/.test(line)) throw new Error(`not a rule: ${JSON.stringify(line)}`);
  return { text: `${[...lines, 'COMMIT'].join('\n')}\n`, owner };
}

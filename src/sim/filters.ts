/** Chains, hooks and sets of the simulated machine, as strict as iptables-restore and ipset. */
import { type ChainFact, factKey, type HookFact, type SetFact } from '../plan/facts.ts';
import { jumpOf, setOf } from '../plan/rule-text.ts';
import { chainName, namespaceOf, type SimChain, SimError, type SimNamespace, type SimState } from './state.ts';

const targets = new Set([
  'ACCEPT',
  'DROP',
  'RETURN',
  'DNAT',
  'SNAT',
  'MARK',
  'CONNMARK',
  'CT',
  'REDIRECT',
  'REJECT',
  'TCPMSS',
]);

type Place = Pick<ChainFact, 'namespace' | 'family' | 'table' | 'chain'>;

/** One load changes a table at once: a rule may jump to a chain that the same plan makes later. */
function isMade(state: SimState, here: SimNamespace, called: Place): boolean {
  const chain = here.chains.get(chainName(called));
  return chain ? !chain.builtIn : state.plan.adds.has(factKey({ ...called, fact: 'chain', rules: [] }));
}

function checkRule(state: SimState, here: SimNamespace, at: Place, rule: string): void {
  const jump = jumpOf(rule);
  if (jump && !targets.has(jump)) {
    if (!isMade(state, here, { ...at, chain: jump }))
      throw new SimError(`iptables-restore: no chain ${jump} in ${at.table} (${rule})`);
  }
  if (/-j (DNAT|SNAT)/.test(rule) && at.table !== 'nat') throw new SimError(`${jump} is valid in table nat only`);
  const set = setOf(rule);
  if (set && !here.sets.has(set)) throw new SimError(`Set ${set} doesn't exist.`);
}

/** Rules of a chain as iptables would list them. */
export function allRules(chain: SimChain): string[] {
  return [...chain.hooks, ...chain.rules];
}

/** A chain that jumps to another, and stays. */
function referrer(state: SimState, here: SimNamespace, at: Place): string | undefined {
  for (const [key, chain] of here.chains) {
    if (!key.startsWith(`${at.family}|${at.table}|`) || key === chainName(at)) continue;
    const name = key.slice(key.lastIndexOf('|') + 1);
    const goes = state.plan.removes.has(factKey({ ...at, chain: name, fact: 'chain', rules: [] }));
    if (!goes && allRules(chain).some((rule) => jumpOf(rule) === at.chain)) return key;
  }
  return undefined;
}

/** Makes a chain, or sets its rules; the hooks in a shared one stay. */
export function putChain(state: SimState, fact: ChainFact): void {
  const here = namespaceOf(state, fact.namespace);
  if (fact.chain.length > 28) throw new SimError(`chain name \`${fact.chain}' too long (must be under 29 chars)`);
  for (const rule of fact.rules) checkRule(state, here, fact, rule);
  const existing = here.chains.get(chainName(fact));
  const hooks = fact.shared ? (existing?.hooks ?? []) : [];
  here.chains.set(chainName(fact), { builtIn: false, hooks, rules: [...fact.rules], shared: fact.shared ?? false });
}

/** Flushes and deletes a chain; one that is still jumped to cannot go. */
export function removeChain(state: SimState, fact: ChainFact): void {
  const here = state.namespaces.get(fact.namespace);
  if (!here?.chains.has(chainName(fact))) return;
  const from = referrer(state, here, fact);
  if (from) throw new SimError(`CHAIN_DEL failed (Device or resource busy): chain ${fact.chain} is used in ${from}`);
  here.chains.delete(chainName(fact));
}

/** Inserts a hook in front; one that stands there already, and whose place counts, comes to the front. */
export function addHook(state: SimState, fact: HookFact): void {
  const here = namespaceOf(state, fact.namespace);
  const chain = here.chains.get(chainName(fact));
  if (!chain) throw new SimError(`iptables: No chain/target/match by that name (${fact.table} ${fact.chain})`);
  if (!chain.builtIn && !chain.shared) throw new SimError(`hook into chain ${fact.chain}, which is not shared`);
  checkRule(state, here, fact, fact.rule);
  if (fact.anywhere && chain.hooks.includes(fact.rule)) return;
  chain.hooks = [fact.rule, ...chain.hooks.filter((rule) => rule !== fact.rule)];
}

/** Whether a hook stands in its chain, and not before the one that it is to stand behind. */
export function standsHook(chain: { readonly hooks: readonly string[] } | undefined, fact: HookFact): boolean {
  const place = chain?.hooks.indexOf(fact.rule) ?? -1;
  return place >= 0 && place >= (chain?.hooks.indexOf(fact.behind ?? '') ?? 0);
}

/** Deletes a hook. */
export function removeHook(state: SimState, fact: HookFact): void {
  const chain = state.namespaces.get(fact.namespace)?.chains.get(chainName(fact));
  if (chain) chain.hooks = chain.hooks.filter((rule) => rule !== fact.rule);
}

/** Makes a set, or gives it other elements. */
export function putSet(state: SimState, fact: SetFact): void {
  if (fact.name.length > 31) throw new SimError(`setname '${fact.name}' is longer than 31 characters`);
  if (fact.elements.some((element) => element.endsWith('/0')))
    throw new SimError('The value of the CIDR parameter is invalid');
  namespaceOf(state, fact.namespace).sets.set(fact.name, fact);
}

/** Destroys a set; one that a rule looks into cannot go. */
export function removeSet(state: SimState, fact: SetFact): void {
  const here = state.namespaces.get(fact.namespace);
  if (!here?.sets.has(fact.name)) return;
  for (const chain of here.chains.values())
    if (allRules(chain).some((rule) => setOf(rule) === fact.name))
      throw new SimError('Set cannot be destroyed: it is in use by a kernel component');
  here.sets.delete(fact.name);
}

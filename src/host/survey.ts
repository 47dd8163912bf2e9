/**
 * Reads a whole namespace in one go: a shell that keeps running in the own namespace starts one program there, which prints
 * devices, routes, settings and tables one after another. Starting programs from this large process, one for each question, is
 * what a cold start over hundreds of routers would consist of.
 */
import type { Fact, IpFamily, Namespace, SysctlFact } from '../plan/facts.ts';
import type { HostContext } from './batch.ts';
import type { HelperKind } from './helper-pool.ts';
import { type Device, type IpFact, parseEntries, presentIp, type RouteEntry } from './ip-read.ts';
import { presentRules, type TableFact } from './iptables.ts';
import { type Chains, parseSave } from './iptables-text.ts';
import { groupBy, limiter } from './limit.ts';
import { namespaceId, namespacePath } from './namespaces.ts';
import { type NftFact, parseNft, presentNft, tableOf } from './nft.ts';
import { CommandError } from './run.ts';
import { type ShellHelper, shellKind, word } from './shell-helper.ts';
import { parseSettings, presentSysctls, settingPath } from './sysctl.ts';

/** What a survey tells of; the rest is asked for by other means. */
export type SurveyedFact = IpFact | TableFact | NftFact | SysctlFact;

/** Shells that read at once. */
const width = 4;
const lanes = Array.from(
  { length: width },
  (_, lane): HelperKind<ShellHelper> => ({ ...shellKind, name: `sh-${lane}` }),
);
const limited = limiter(width);
const free = [...lanes];

/** Separates the answers. No program prints it: a device has 15 characters, comments have no control characters. */
const mark = '\u0001@next\u0001';
const save = { 4: 'iptables-save', 6: 'ip6tables-save' } as const;

/** Whether a survey tells of a fact. */
export function isSurveyed(fact: Fact): fact is SurveyedFact {
  return ['link', 'address', 'route', 'sysctl', 'chain', 'hook'].includes(fact.fact) || isNft(fact);
}

function isNft(fact: Fact): fact is NftFact {
  return fact.fact === 'nft-table' || fact.fact === 'nft-elements' || fact.fact === 'nft-element';
}

interface Questions {
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[];
  readonly six: boolean;
  readonly settings: readonly string[];
  readonly families: readonly IpFamily[];
  /** Tables of nftables: family and name. */
  readonly nft: readonly string[];
}

function questionsFor(facts: readonly SurveyedFact[]): Questions {
  const routes = facts.filter((fact) => fact.fact === 'route');
  const isSix = ({ destination }: { destination: string }) => destination === 'default6' || destination.includes(':');
  const devices = facts.some(({ fact }) => fact === 'link' || fact === 'address');
  const settings = facts.flatMap((fact) => (fact.fact === 'sysctl' ? [settingPath(fact.name)] : []));
  const families = facts.flatMap((fact) => (fact.fact === 'chain' || fact.fact === 'hook' ? [fact.family] : []));
  return {
    ip: [...(devices ? ['addr show'] : []), ...(routes.some((one) => !isSix(one)) ? ['route show table main'] : [])],
    six: routes.some(isSix),
    settings: [...new Set(settings)],
    families: [...new Set(families)],
    nft: [...new Set(facts.filter(isNft).map(tableOf))],
  };
}

/** The script that asks them. It is one line; every word of it is ours or was checked to be plain. */
function scriptOf({ ip, six, settings, families, nft }: Questions): string {
  const next = `printf '\\001@next\\001'`;
  const parts = ip.map((line) => `ip -j -d ${line}`);
  if (six) parts.push('ip -6 -j -d route show table main');
  // grep ends with 1 or 2 where a file is empty or missing: that is no error here.
  if (settings.length > 0) parts.push(`grep -sH . ${settings.map(word).join(' ')} || :`);
  for (const family of families) parts.push(save[family]);
  // What nft says of a table that is not there is no answer either.
  for (const table of nft) parts.push(`nft -j list table ${table.split(' ').map(word).join(' ')} 2>&1 || :`);
  return parts.map((part) => `${part} || exit 9`).join(`; ${next}; `);
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", `'\\''`)}'`;
}

async function ask(context: HostContext, namespace: Namespace, script: string): Promise<string[]> {
  return limited(async () => {
    const lane = free.pop() ?? shellKind;
    try {
      const command = `nsenter --net=${word(namespacePath(namespace))} sh -c ${quoted(script)}`;
      const text = await context.pool.use(lane, '', (shell) => shell.run(command));
      return text.split(mark);
    } finally {
      if (lane !== shellKind) free.push(lane);
    }
  });
}

/** Tables that the facts are about, marked as being read; what is given to the result is remembered. */
async function remembering(context: HostContext, namespace: Namespace, facts: readonly TableFact[]) {
  const id = (await namespaceId(namespace)) ?? '';
  const names = new Map(facts.map(({ family, table }) => [`${family} ${table}`, { namespaceId: id, family, table }]));
  const readings = [...names.values()].map((name) => ({ name, done: context.tables.reading(name) }));
  return (tables: Tables | undefined) => {
    for (const { name, done } of readings) done(tables && (tables.get(name.family)?.get(name.table) ?? new Map()));
  };
}

type Tables = ReadonlyMap<IpFamily, ReadonlyMap<string, Chains>>;

/** Those of the facts, all of one named namespace that exists, that are there. Throws what the programs complain of. */
export async function survey(
  context: HostContext,
  namespace: Namespace,
  facts: readonly SurveyedFact[],
): Promise<Fact[]> {
  const questions = questionsFor(facts);
  const tableFacts = facts.filter((fact) => fact.fact === 'chain' || fact.fact === 'hook');
  const remember = await remembering(context, namespace, tableFacts);
  let tables: Tables | undefined;
  try {
    const answers = await ask(context, namespace, scriptOf(questions));
    const take = (count: number) => answers.splice(0, count);
    const ip = take(questions.ip.length);
    const [six = ''] = questions.six ? take(1) : [];
    const [settings = ''] = questions.settings.length > 0 ? take(1) : [];
    tables = new Map(take(questions.families.length).map((text, at) => [questions.families[at] ?? 4, parseSave(text)]));
    const nft = new Map(take(questions.nft.length).map((text, at) => [questions.nft[at] ?? '', parseNft(text)]));
    const entries = new Map(ip.map((text, at) => [questions.ip[at] ?? '', text]));
    const told = {
      devices: parseEntries<Device>(entries.get('addr show') ?? ''),
      four: parseEntries<RouteEntry>(entries.get('route show table main') ?? ''),
      six: parseEntries<RouteEntry>(six),
    };
    return [
      ...presentIp(facts.filter((fact) => ['link', 'address', 'route'].includes(fact.fact)) as IpFact[], told),
      ...presentSysctls(
        facts.filter((fact) => fact.fact === 'sysctl'),
        parseSettings(settings),
      ),
      ...presentRules(tableFacts, tables),
      ...[...groupBy(facts.filter(isNft), tableOf)].flatMap(([table, asked]) => presentNft(asked, nft.get(table))),
    ];
  } catch (error) {
    if (error instanceof CommandError) throw new Error(`reading ${namespace}: ${error.message}`);
    throw error;
  } finally {
    remember(tables);
  }
}

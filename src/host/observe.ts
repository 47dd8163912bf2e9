/** Reads facts: each source once, namespaces side by side. */
import { type Fact, type FactKey, factKey, type Namespace } from '../plan/facts.ts';
import type { HostContext } from './batch.ts';
import { withChecksums } from './checksum.ts';
import { readFiles } from './files.ts';
import { NoNamespace } from './helper-pool.ts';
import { type IpFact, readIp } from './ip-read.ts';
import { readIpsets } from './ipset.ts';
import { readIptables, type TableFact } from './iptables.ts';
import { groupBy, limiter } from './limit.ts';
import { namespaceId } from './namespaces.ts';
import { readNamespaces } from './netns.ts';
import { type NftFact, readNft } from './nft.ts';
import { readSwitch } from './ovs.ts';
import { readProcesses } from './processes.ts';
import { isSurveyed, survey } from './survey.ts';
import { readSysctls } from './sysctl.ts';
import { readQdiscs } from './tc.ts';

/** Namespaces that are read at once. */
const width = 8;

function of<K extends Fact['fact']>(facts: readonly Fact[], ...kinds: K[]): Extract<Fact, { fact: K }>[] {
  return facts.filter((fact): fact is Extract<Fact, { fact: K }> => (kinds as string[]).includes(fact.fact));
}

/** The namespace whose state a fact is part of; undefined for what the whole machine has. */
function placeOf(fact: Fact): Namespace | undefined {
  return fact.fact !== 'process' && 'namespace' in fact ? fact.namespace : undefined;
}

async function readNamespace(context: HostContext, namespace: Namespace, all: readonly Fact[]): Promise<Fact[]> {
  if ((await namespaceId(namespace)) === undefined) return [];
  // The own namespace has devices by the thousand: they are asked about by name.
  const surveyed = namespace === '' ? [] : all.filter(isSurveyed);
  const facts = namespace === '' ? all : all.filter((fact) => !isSurveyed(fact));
  const ip: IpFact[] = of(facts, 'link', 'address', 'route', 'fdb', 'proxy', 'neighbour');
  const tables: TableFact[] = of(facts, 'chain', 'hook');
  const sets = of(facts, 'set');
  const qdiscs = of(facts, 'qdisc');
  const sysctls = of(facts, 'sysctl');
  const nft: NftFact[] = of(facts, 'nft-table', 'nft-elements', 'nft-element');
  try {
    const found = await Promise.all([
      surveyed.length > 0 ? survey(context, namespace, surveyed) : [],
      ip.length > 0 ? readIp(context.ip, namespace, ip) : [],
      tables.length > 0 ? readIptables(context, namespace, tables) : [],
      qdiscs.length > 0 ? readQdiscs(context.ip, namespace, qdiscs) : [],
      sets.length > 0 ? readIpsets(namespace, sets) : [],
      nft.length > 0 ? readNft(namespace, nft) : [],
      sysctls.length > 0 ? readSysctls(sysctls) : [],
    ]);
    // Whether an address has connections is of no matter: they are cut when it goes.
    const tracked = of(facts, 'connections');
    return [...(await withChecksums(context, namespace, all, found.flat())), ...tracked];
  } catch (error) {
    // It went while it was read.
    if (error instanceof NoNamespace || (await namespaceId(namespace)) === undefined) return [];
    throw error;
  }
}

/** Each of the facts that is there, with its present state. */
export async function observe(context: HostContext, facts: Iterable<Fact>): Promise<Map<FactKey, Fact>> {
  const all = [...facts];
  const limited = limiter(width);
  const placed = all.filter((fact) => placeOf(fact) !== undefined);
  const namespaces = groupBy(placed, (fact) => placeOf(fact) ?? '');
  const switched = of(all, 'ovs-bridge', 'ovs-port', 'meter', 'flows');
  const found = await Promise.all([
    readNamespaces(of(all, 'netns')),
    readFiles(of(all, 'file')),
    readProcesses(context, of(all, 'process')),
    switched.length > 0 ? readSwitch(context, switched) : [],
    ...[...namespaces].map(([namespace, own]) => limited(() => readNamespace(context, namespace, own))),
  ]);
  return new Map(found.flat().map((fact) => [factKey(fact), fact]));
}

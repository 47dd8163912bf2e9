/** How a thing is now on the simulated machine; of a device only the attributes that are asked about. */
import type { Fact, LinkFact, LinkKind } from '../plan/facts.ts';
import { standsHook } from './filters.ts';
import { entryName, tableName } from './nft.ts';
import { chainName, type SimLink, type SimNamespace, type SimState } from './state.ts';
import { observeSwitch } from './switches.ts';

function kindOf(asked: LinkKind, link: SimLink): LinkKind {
  const { kind, peer } = link;
  if (asked.type === 'foreign' || (asked.type === 'bridge' && kind.type === 'bridge')) return asked;
  if (kind.type === 'veth' && peer) return { type: 'veth', peer: { namespace: peer.namespace, name: peer.name } };
  return kind;
}

function linkFact(asked: LinkFact, link: SimLink): LinkFact {
  // A shared bridge that others made is taken as it is.
  if (asked.kind.type === 'bridge' && asked.kind.shared && !link.ours) return asked;
  const { namespace, name, mac, mtu, up, master } = link;
  return {
    fact: 'link',
    namespace,
    name,
    kind: kindOf(asked.kind, link),
    ...(asked.mac !== undefined ? { mac } : {}),
    ...(asked.mtu !== undefined ? { mtu } : {}),
    up,
    ...(asked.master !== undefined && master !== undefined ? { master } : {}),
    ...(asked.neighSuppress !== undefined ? { neighSuppress: link.neighSuppress } : {}),
    ...(asked.txChecksum !== undefined ? { txChecksum: link.txChecksum } : {}),
  };
}

function inNamespace(here: SimNamespace, fact: Fact): Fact | undefined {
  const link = 'device' in fact ? here.links.get(fact.device) : undefined;
  switch (fact.fact) {
    case 'link': {
      const found = here.links.get(fact.name);
      return found && linkFact(fact, found);
    }
    case 'address':
      return link?.addresses.some(({ cidr }) => cidr === fact.cidr) ? fact : undefined;
    case 'route':
      return here.routes.get(fact.destination);
    case 'fdb':
      return link?.fdb.has(`${fact.mac}|${fact.endpoint ?? 'bridge'}`) ? fact : undefined;
    case 'proxy':
      return link?.proxies.has(fact.ip) ? fact : undefined;
    case 'neighbour': {
      const mac = link?.neighbours.get(fact.ip);
      return mac === undefined ? undefined : { ...fact, mac };
    }
    case 'qdisc': {
      const qdisc = link?.qdiscs.get(fact.qdisc.type);
      return qdisc && { ...fact, qdisc };
    }
    case 'connections':
      // As on Linux: whether there are any is of no matter.
      return fact;
    case 'sysctl':
      return { ...fact, value: here.sysctls.get(fact.name) ?? '0' };
    case 'chain': {
      const chain = here.chains.get(chainName(fact));
      return chain && { ...fact, rules: chain.rules };
    }
    case 'hook':
      return standsHook(here.chains.get(chainName(fact)), fact) ? fact : undefined;
    case 'set':
      return here.sets.get(fact.name);
    case 'nft-table':
      return here.tables.get(tableName(fact))?.table;
    case 'nft-elements':
      return here.tables.get(tableName(fact))?.elements.get(fact.owner);
    case 'nft-element':
      return here.tables.get(tableName(fact))?.entries.get(entryName(fact));
    default:
      return undefined;
  }
}

/** The present state of the thing that `fact` names, or undefined where it is not there. */
export function observeFact(state: SimState, fact: Fact): Fact | undefined {
  switch (fact.fact) {
    case 'netns':
      return state.namespaces.has(fact.name) ? fact : undefined;
    case 'file':
      return state.files.get(fact.path);
    case 'process':
      return state.processes.get(fact.name);
    case 'ovs-bridge':
    case 'ovs-port':
    case 'meter':
    case 'flows':
      return observeSwitch(state, fact);
    default: {
      const here = state.namespaces.get(fact.namespace);
      return here && inNamespace(here, fact);
    }
  }
}

/** When a thing is as it is wanted. What a wanted fact leaves open is never a difference. */
import type { Fact, LinkFact, LinkKind, NftElementsFact, NftTableFact, OvsPortFact, ProcessFact } from './facts.ts';
import { sameRules } from './rule-text.ts';

/** Whether a link was made in the way that is wanted. */
export function sameKind(want: LinkKind, have: LinkKind): boolean {
  if (want.type === 'foreign') return true;
  if (want.type === 'vxlan' && have.type === 'vxlan')
    return want.vni === have.vni && want.local === have.local && want.port === have.port;
  if (want.type === 'vlan' && have.type === 'vlan') return want.device === have.device && want.id === have.id;
  // The two ends of a pair look alike: either may be read as the end that made it.
  const pair = (kind: LinkKind) => kind.type === 'veth' || kind.type === 'peer';
  return want.type === have.type || (pair(want) && pair(have));
}

function sameLink(want: LinkFact, have: LinkFact): boolean {
  if (!sameKind(want.kind, have.kind)) return false;
  if (want.up !== have.up) return false;
  if (want.mtu !== undefined && want.mtu !== have.mtu) return false;
  if (want.master !== undefined && want.master !== have.master) return false;
  if (want.neighSuppress !== undefined && want.neighSuppress !== have.neighSuppress) return false;
  if (want.txChecksum !== undefined && want.txChecksum !== have.txChecksum) return false;
  return want.mac === undefined || want.mac.toLowerCase() === have.mac?.toLowerCase();
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

const sameText = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function sameElements(a: NftElementsFact['elements'], b: NftElementsFact['elements']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => sameText(a[name], b[name]));
}

function sameTable(want: NftTableFact, have: NftTableFact): boolean {
  const objects = ({ objects = [] }: NftTableFact) => objects.map(({ name, of }) => `${of} ${name}`).sort();
  return sameText([want.sets, want.chains, objects(want)], [have.sets, have.chains, objects(have)]);
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function sameSwitchPort(want: OvsPortFact, have: OvsPortFact): boolean {
  if (want.bridge !== have.bridge || want.tag !== have.tag) return false;
  if (want.foreign) return true;
  if (have.lost) return false;
  if (want.type !== have.type || !sameRecord(want.options, have.options)) return false;
  return Object.entries(want.externalIds).every(([name, value]) => have.externalIds[name] === value);
}

function sameProcess(want: ProcessFact, have: ProcessFact): boolean {
  const strangers = have.leases?.strangers ?? [];
  return want.restartOn === have.restartOn && want.reloadOn === have.reloadOn && strangers.length === 0;
}

/** Whether `have`, a fact of the same key, is as `want` says. */
export function same(want: Fact, have: Fact): boolean {
  if (want.fact === 'link') return have.fact === 'link' && sameLink(want, have);
  if (want.fact === 'chain') return have.fact === 'chain' && sameRules(want.rules, have.rules);
  if (want.fact === 'set') return have.fact === 'set' && sameList([...want.elements].sort(), [...have.elements].sort());
  if (want.fact === 'nft-table') return have.fact === 'nft-table' && sameTable(want, have);
  if (want.fact === 'nft-elements') return have.fact === 'nft-elements' && sameElements(want.elements, have.elements);
  if (want.fact === 'ovs-bridge')
    return have.fact === 'ovs-bridge' && want.datapath === have.datapath && want.failMode === have.failMode;
  if (want.fact === 'ovs-port') return have.fact === 'ovs-port' && sameSwitchPort(want, have);
  if (want.fact === 'meter')
    return have.fact === 'meter' && want.rateKbps === have.rateKbps && want.burstKbit === have.burstKbit;
  if (want.fact === 'flows') return have.fact === 'flows' && sameList(want.flows, have.flows);
  if (want.fact === 'nft-element') return have.fact === 'nft-element' && want.value === have.value;
  if (want.fact === 'route') return have.fact === 'route' && want.via === have.via && want.device === have.device;
  if (want.fact === 'neighbour') return have.fact === 'neighbour' && want.mac === have.mac;
  if (want.fact === 'qdisc') return have.fact === 'qdisc' && sameText(want.qdisc, have.qdisc);
  if (want.fact === 'sysctl') return have.fact === 'sysctl' && want.value === have.value;
  if (want.fact === 'file') return have.fact === 'file' && want.content === have.content && want.mode === have.mode;
  if (want.fact === 'process') return have.fact === 'process' && sameProcess(want, have);
  return true;
}

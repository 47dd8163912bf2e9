/** Steps as people read them, one line each; `neutrino agent plan` prints these. */
import type { Fact, LinkFact, NftElementFact, NftElementsFact, OvsPortFact, ProcessFact, Qdisc } from './facts.ts';
import { protocolName } from './rule-text.ts';
import type { CutStep, Step } from './steps.ts';
import { elementTranslation, translationOf } from './translations.ts';

const verbs = { add: 'add    ', change: 'change ', remove: 'remove ', cut: 'cut    ' } as const;

/** In which namespace, as the end of a phrase; nothing for the host's own. */
function inNamespace(namespace: string): string {
  return namespace === '' ? '' : ` in ${namespace}`;
}

const answersHere = 'what is known is not asked through it';

function linkDetails(link: LinkFact): string {
  const { kind } = link;
  const made =
    kind.type === 'vxlan'
      ? `vxlan ${kind.vni} from ${kind.local}`
      : kind.type === 'veth'
        ? `pair with ${kind.peer.name}${inNamespace(kind.peer.namespace)}`
        : kind.type === 'vlan'
          ? `VLAN ${kind.id} of ${kind.device}`
          : kind.type === 'foreign'
            ? ''
            : kind.type;
  const parts = [
    made,
    link.mac && `mac ${link.mac}`,
    link.mtu && `mtu ${link.mtu}`,
    link.master && `port of ${link.master}`,
    link.neighSuppress && answersHere,
    link.up ? 'up' : 'down',
  ];
  return parts.filter(Boolean).join(', ');
}

/** What a chain is for, where its rules tell. */
function chainDetails(namespace: string, rules: readonly string[]): string {
  const only = rules.length === 1 ? translationOf(namespace, rules[0] ?? '') : null;
  if (!only?.ports) return rules.length === 1 ? '1 rule' : `${rules.length} rules`;
  const inside = /--to-destination (\S+?)(?:\/\d+)?$/.exec(rules[0] ?? '')?.[1] ?? only.target;
  return forwardingText(only.protocol, only.ports, inside);
}

function forwardingText(protocol: string | null, { first, last }: { first: number; last: number }, inside: string) {
  const which = protocol === 'tcp' || protocol === null ? '' : `${protocol} `;
  return `forwarding ${which}${first === last ? first : `${first}-${last}`} → ${inside}`;
}

/** What an element of a map leads to. */
function elementDetails(fact: NftElementFact): string {
  const one = elementTranslation(fact);
  const inside = fact.value.replace(' . ', ':');
  if (one?.ports) return forwardingText(one.protocol, one.ports, inside);
  return inside.startsWith('limit ') ? inside : `→ ${inside}`;
}

function qdiscDetails(qdisc: Qdisc): string {
  if (qdisc.type === 'ingress') return `what it receives goes through ${qdisc.redirect}`;
  return `what it sends: at most ${qdisc.rateKbps} kbit/s, burst ${qdisc.burstBytes} bytes`;
}

/** Beyond these, elements are counted. */
const shownElements = 10;

function elementsText(elements: NftElementsFact['elements']): string {
  const words = Object.entries(elements).map(([set, values]) =>
    values.length > shownElements ? `${set}: ${values.length}` : [set, ...values.filter(Boolean)].join(' '),
  );
  return words.join(', ');
}

function switchPortDetails({ type, options, tag }: OvsPortFact): string {
  const to = options.remote_ip ?? options.peer;
  return [type && (to ? `${type} to ${to}` : type), tag && `tag ${tag}`].filter(Boolean).join(', ');
}

const flowCount = (flows: readonly string[]) => (flows.length === 1 ? '1 flow' : `${flows.length} flows`);

/** The thing itself, and how it is. */
function subject(fact: Fact): { what: string; how: string } {
  switch (fact.fact) {
    case 'netns':
      return { what: `namespace ${fact.name}`, how: '' };
    case 'link':
      return { what: `link   ${fact.name}${inNamespace(fact.namespace)}`, how: linkDetails(fact) };
    case 'address':
      return { what: `address ${fact.cidr} on ${fact.device}${inNamespace(fact.namespace)}`, how: '' };
    case 'route': {
      const way = fact.via === null ? `on ${fact.device}` : `via ${fact.via} on ${fact.device}`;
      return { what: `route  ${fact.destination} ${way}${inNamespace(fact.namespace)}`, how: '' };
    }
    case 'fdb':
      return {
        what: `fdb    ${fact.mac} ${fact.endpoint === null ? 'by' : `at ${fact.endpoint} on`} ${fact.device}${inNamespace(fact.namespace)}`,
        how: '',
      };
    case 'neighbour':
      return { what: `neighbour ${fact.ip} is ${fact.mac} on ${fact.device}${inNamespace(fact.namespace)}`, how: '' };
    case 'proxy':
      return { what: `proxy  for ${fact.ip} on ${fact.device}${inNamespace(fact.namespace)}`, how: '' };
    case 'qdisc':
      return { what: `queue  ${fact.device}${inNamespace(fact.namespace)}`, how: qdiscDetails(fact.qdisc) };
    case 'connections':
      return { what: `connections of ${fact.ip} in zone ${fact.zone}${inNamespace(fact.namespace)}`, how: '' };
    case 'sysctl':
      return { what: `sysctl ${fact.name} = ${fact.value}${inNamespace(fact.namespace)}`, how: '' };
    case 'chain': {
      const family = fact.family === 6 ? 'ip6 ' : '';
      const what = `chain  ${family}${fact.table} ${fact.chain}${inNamespace(fact.namespace)}`;
      return { what, how: chainDetails(fact.namespace, fact.rules) };
    }
    case 'hook': {
      const family = fact.family === 6 ? 'ip6 ' : '';
      return { what: `hook   ${family}${fact.table} ${fact.chain}${inNamespace(fact.namespace)}`, how: fact.rule };
    }
    case 'set':
      return { what: `set    ${fact.name}${inNamespace(fact.namespace)}`, how: `${fact.elements.length} addresses` };
    case 'nft-table':
      return { what: `nft    ${fact.family} ${fact.table}${inNamespace(fact.namespace)}`, how: '' };
    case 'nft-elements': {
      const what = `nft    ${fact.family} ${fact.table} ${fact.owner}${inNamespace(fact.namespace)}`;
      return { what, how: elementsText(fact.elements) };
    }
    case 'nft-element': {
      const key = fact.key.replace(/ \. (\d+)/, (_, number: string) => ` . ${protocolName(number)}`);
      const what = `nft    ${fact.family} ${fact.table} ${fact.map} ${key}${inNamespace(fact.namespace)}`;
      return { what, how: elementDetails(fact) };
    }
    case 'file':
      return { what: `file   ${fact.path}`, how: `${fact.content.split('\n').length - 1} lines` };
    case 'process':
      return { what: `process ${fact.name}${inNamespace(fact.namespace)}`, how: '' };
    case 'ovs-bridge':
      return { what: `bridge ${fact.name}`, how: `Open vSwitch, ${fact.datapath}, ${fact.failMode}` };
    case 'ovs-port':
      return { what: `port   ${fact.name} on ${fact.bridge}`, how: switchPortDetails(fact) };
    case 'meter':
      return { what: `meter  ${fact.port} on ${fact.bridge}`, how: `at most ${fact.rateKbps} kbit/s` };
    case 'flows':
      return { what: `flows  ${fact.owner} on ${fact.bridge}`, how: flowCount(fact.flows) };
  }
}

/** How many come and go, of how many. */
function exchanged(was: readonly string[], wanted: readonly string[], what: string): string {
  const [before, after] = [new Set(was), new Set(wanted)];
  const more = wanted.filter((one) => !before.has(one)).length;
  const less = was.filter((one) => !after.has(one)).length;
  const parts = [more && `${more} more`, less && `${less} less`].filter(Boolean);
  return parts.length > 0 ? `${parts.join(', ')}: ${wanted.length} ${what}` : '';
}

/** How a change differs from what was: only what changes is named. */
function difference(fact: Fact, was: Fact): string {
  if (fact.fact === 'link' && was.fact === 'link') {
    const parts = (['mac', 'mtu', 'master'] as const)
      .filter((name) => fact[name] !== undefined && fact[name] !== was[name])
      .map((name) => `${name} ${was[name] ?? 'none'} → ${fact[name]}`);
    if (fact.neighSuppress !== undefined && fact.neighSuppress !== (was.neighSuppress ?? false))
      parts.push(`${fact.neighSuppress ? '' : 'no longer '}${answersHere}`);
    if (fact.txChecksum !== undefined && fact.txChecksum !== was.txChecksum)
      parts.push(`tx checksum ${fact.txChecksum ? 'on' : 'off'}`);
    if (fact.up !== was.up) parts.push(fact.up ? 'up' : 'down');
    return parts.join(', ');
  }
  if (fact.fact === 'chain' && was.fact === 'chain') {
    const kept = chainDetails(fact.namespace, fact.rules);
    const before = chainDetails(was.namespace, was.rules);
    return before === kept ? kept : `${before} → ${kept}`;
  }
  if (fact.fact === 'nft-element' && was.fact === 'nft-element')
    return `${elementDetails(was)} → ${fact.value.replace(' . ', ':')}`;
  if (fact.fact === 'set' && was.fact === 'set') return exchanged(was.elements, fact.elements, 'addresses');
  if (fact.fact === 'nft-table' && was.fact === 'nft-table') {
    const names = ({ objects = [] }: typeof fact) => objects.map(({ name }) => name);
    return exchanged(names(was), names(fact), 'objects');
  }
  if (was.fact === 'ovs-port' && was.lost) return 'plugged in anew';
  if (fact.fact === 'ovs-port' && was.fact === 'ovs-port' && fact.tag !== was.tag)
    return `tag ${was.tag ?? 'none'} → ${fact.tag ?? 'none'}`;
  if (fact.fact === 'flows' && was.fact === 'flows') return exchanged(was.flows, fact.flows, 'flows');
  if (fact.fact === 'route' && was.fact === 'route') return `was via ${was.via ?? 'the link'} on ${was.device}`;
  if (fact.fact === 'process' && was.fact === 'process') return processChange(fact, was);
  if (fact.fact === 'sysctl' && was.fact === 'sysctl') return `was ${was.value}`;
  return subject(fact).how;
}

function processChange(fact: ProcessFact, was: ProcessFact): string {
  if (fact.restartOn !== was.restartOn) return 'restart';
  const strangers = was.leases?.strangers ?? [];
  return strangers.length === 0 ? 'reload' : `release leases of ${strangers.join(', ')}`;
}

function describeCut({ namespace, connections }: CutStep): string {
  const { destination, protocol, ports, target } = connections;
  const range = ports && (ports.first === ports.last ? `${ports.first}` : `${ports.first}-${ports.last}`);
  const to = range ? `${destination}:${range}` : destination;
  return `${verbs.cut} connections ${protocol ?? 'of any protocol'} to ${to} → ${target}${inNamespace(namespace)}`;
}

/** A device of someone else's is not removed, only let go. */
function isRelease(step: Exclude<Step, CutStep>): boolean {
  if (step.do !== 'remove') return false;
  const { fact } = step;
  return (fact.fact === 'link' && fact.kind.type === 'foreign') || (fact.fact === 'ovs-port' && fact.foreign === true);
}

/** One line for people: the verb, the thing, where it is, and how it is or what changes of it. */
export function describeStep(step: Step): string {
  if (step.do === 'cut') return describeCut(step);
  const { what, how } = subject(step.fact);
  const details = step.do === 'change' ? difference(step.fact, step.was) : step.do === 'add' ? how : '';
  const verb = isRelease(step) ? 'release' : verbs[step.do];
  return `${verb} ${what}${details ? `  (${details})` : ''}`;
}

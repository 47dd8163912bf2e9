/** The state of a simulated machine as text that a person reads and a test compares. */
import type { Qdisc } from '../plan/facts.ts';
import { allRules } from './filters.ts';
import type { SimLink, SimNamespace, SimState } from './state.ts';
import { printSwitches } from './switches.ts';

function byKey<T>(entries: Iterable<[string, T]>): [string, T][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function printLink(link: SimLink): string[] {
  const { kind } = link;
  const made =
    kind.type === 'vxlan'
      ? `vxlan ${kind.vni} local ${kind.local} port ${kind.port}`
      : kind.type === 'vlan'
        ? `vlan ${kind.id} of ${kind.device}`
        : link.peer
          ? `veth of ${link.peer.name}${link.peer.namespace && ` in ${link.peer.namespace}`}`
          : kind.type;
  const state = [
    made,
    link.mac && `mac ${link.mac}`,
    `mtu ${link.mtu}`,
    link.master && `master ${link.master}`,
    link.neighSuppress && 'neigh_suppress',
    link.txChecksum ? '' : 'no tx checksum',
    link.up ? 'up' : 'down',
  ];
  return [
    `  link ${link.name}: ${state.filter(Boolean).join(', ')}`,
    ...link.addresses.map(({ cidr, announce }) => `    address ${cidr}${announce ? ' (announced)' : ''}`).sort(),
    ...[...link.fdb]
      .sort()
      .map((entry) => `    fdb ${entry.replace('|bridge', ' by the bridge').replace('|', ' dst ')}`),
    ...byKey(link.qdiscs).map(([, qdisc]) => `    queue ${qdiscText(qdisc)}`),
    ...byKey(link.neighbours).map(([ip, mac]) => `    neighbour ${ip} ${mac}`),
    ...[...link.proxies].sort().map((ip) => `    proxy for ${ip}`),
  ];
}

function qdiscText(qdisc: Qdisc): string {
  if (qdisc.type === 'ingress') return `ingress by ${qdisc.redirect}`;
  return `${qdisc.type} rate ${qdisc.rateKbps} kbit/s burst ${qdisc.burstBytes}`;
}

function printChains(here: SimNamespace): string[] {
  return byKey(here.chains).flatMap(([key, chain]) => {
    // Hooks of different units stand in any order; within a unit the order is checked where it matters.
    const hooks = chain.builtIn ? chain.hooks : [...chain.hooks].sort();
    const rules = allRules({ ...chain, hooks });
    if (chain.builtIn && rules.length === 0) return [];
    const [family, table, name] = key.split('|');
    return [`  ${family === '6' ? 'ip6 ' : ''}${table} ${name}`, ...rules.map((rule) => `    ${rule}`)];
  });
}

function printTables(here: SimNamespace): string[] {
  return byKey(here.tables).flatMap(([key, { table, elements, entries }]) => [
    `  nft ${key.replace('|', ' ')}`,
    ...table.chains.flatMap(({ name, rules }) => rules.map((rule) => `    ${name}: ${rule}`)),
    ...byKey(elements).flatMap(([device, fact]) =>
      Object.entries(fact.elements).map(([set, values]) => `    @${set} ${[device, ...values].join(' ').trim()}`),
    ),
    ...byKey(entries).map(([, { map, key: entry, value }]) => `    @${map} ${entry} : ${value}`),
  ]);
}

function isDefault(link: SimLink): boolean {
  return link.name === 'lo' && !link.up && link.namespace === '';
}

function printNamespace(name: string, here: SimNamespace): string[] {
  return [
    name === '' ? 'host' : `namespace ${name}`,
    ...byKey(here.links).flatMap(([, link]) => (isDefault(link) ? [] : printLink(link))),
    ...byKey(here.routes).map(
      ([to, { via, device }]) => `  route ${to}${via === null ? '' : ` via ${via}`} dev ${device}`,
    ),
    ...byKey(here.sysctls).map(([setting, value]) => `  sysctl ${setting} = ${value}`),
    ...byKey(here.sets).map(([set, { elements }]) => `  set ${set}: ${elements.join(' ') || 'empty'}`),
    ...printTables(here),
    ...printChains(here),
  ];
}

/** Everything, sorted. */
export function printState(state: SimState): string {
  const lines = byKey(state.namespaces).flatMap(([name, here]) => printNamespace(name, here));
  lines.push(...printSwitches(state));
  for (const [path, file] of byKey(state.files)) {
    lines.push(`file ${path} ${file.mode.toString(8)}`);
    for (const line of file.content.split('\n').filter(Boolean)) lines.push(`  ${line}`);
  }
  for (const [name, process] of byKey(state.processes))
    lines.push(`process ${name} in ${process.namespace}`, ...process.argv.map((argument) => `  ${argument}`));
  for (const one of state.connections)
    lines.push(`connection ${one.protocol} ${one.destination}:${one.port} → ${one.target} in ${one.namespace}`);
  return `${lines.join('\n')}\n`;
}

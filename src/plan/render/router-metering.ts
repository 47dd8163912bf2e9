/**
 * What metering labels count on a router: packets that it forwards in by its gateway (ingress) or out by it (egress), with the
 * addresses that they have inside, as Neutron's metering agent counts them by chains of iptables. Here it is one table of nftables
 * with a counter for each label and direction, whichever driver translates, and IPv6 is counted too. A packet is counted once by a
 * label, however many of its rules it fits; rules that leave traffic out come first.
 */
import { type Cidr, formatCidr, parseCidr } from '../../lib/ip.ts';
import { compactPrefixes } from '../../lib/prefix-set.ts';
import type { HostMetering, HostRouter } from '../../model/host-objects.ts';
import type { NftChain, NftObject, NftTableFact } from '../facts.ts';
import { gatewayDeviceName } from './names.ts';

/** The table that counts, in the namespace of a router. */
export const meteringTable = { family: 'inet', table: 'neutrino-metering' } as const;

/** Seen from the gateway, as rules of labels have it. */
export type MeteringDirection = 'ingress' | 'egress';

const directions: readonly MeteringDirection[] = ['ingress', 'egress'];

/** The counter of a label, and the chain that decides what it counts. */
const counterName = (direction: MeteringDirection, labelId: string) => `${direction}-${labelId}`;

/** What a counter of that table counts; undefined for one that is not of a label. */
export function counterOf(name: string): { direction: MeteringDirection; labelId: string } | undefined {
  const [, direction, labelId] = /^(ingress|egress)-(.+)$/.exec(name) ?? [];
  if ((direction !== 'ingress' && direction !== 'egress') || !labelId) return undefined;
  return { direction, labelId };
}

type MeteringRule = HostMetering['rules'][number];

const protocols = { 4: 'ip', 6: 'ip6' } as const;

function matchOf(field: 'saddr' | 'daddr', prefixes: readonly Cidr[]): string {
  const texts = prefixes.map(formatCidr);
  const what = texts.length === 1 ? texts[0] : `{ ${texts.join(', ')} }`;
  return `${protocols[prefixes[0]?.version ?? 4]} ${field} ${what}`;
}

/** Rules of one direction as matches: those that look at one address alone are looked up together. */
function matches(rules: readonly MeteringRule[]): string[] {
  const alone = { saddr: new Map<4 | 6, Cidr[]>(), daddr: new Map<4 | 6, Cidr[]>() };
  const both: string[] = [];
  for (const rule of rules) {
    const source = parseCidr(rule.source_ip_prefix ?? '');
    const destination = parseCidr(rule.destination_ip_prefix ?? '');
    if (source && destination) both.push(`${matchOf('saddr', [source])} ${matchOf('daddr', [destination])}`);
    const [field, prefix] = source ? (['saddr', source] as const) : (['daddr', destination] as const);
    if (!prefix || (source && destination)) continue;
    alone[field].set(prefix.version, [...(alone[field].get(prefix.version) ?? []), prefix]);
  }
  const together = (['saddr', 'daddr'] as const).flatMap((field) =>
    [...alone[field].values()].map((prefixes) => matchOf(field, compactPrefixes(prefixes))),
  );
  return [...together, ...both];
}

function labelChain({ label_id, rules }: HostMetering, direction: MeteringDirection): NftChain[] {
  const own = rules.filter((rule) => rule.direction === direction);
  const counted = own.filter(({ excluded }) => !excluded);
  if (counted.length === 0) return [];
  const name = counterName(direction, label_id);
  return [
    {
      name,
      rules: [
        ...matches(own.filter(({ excluded }) => excluded)).map((match) => `${match} return`),
        ...matches(counted).map((match) => `${match} counter name "${name}" return`),
      ],
    },
  ];
}

/** The table; none where no label counts. */
export function meteringFacts({ gateway, metering }: HostRouter, namespace: string): NftTableFact[] {
  if (!gateway || !metering) return [];
  const device = gatewayDeviceName(gateway.port_id);
  const chains = directions.map((direction) => metering.labels.flatMap((label) => labelChain(label, direction)));
  const counters = chains.flat().map(({ name }): NftObject => ({ name, of: 'counter', body: '' }));
  const entrances = directions.map((name, at) => ({
    name,
    rules: (chains[at] ?? []).map((chain) => `jump ${chain.name}`),
  }));
  return [
    {
      fact: 'nft-table',
      namespace,
      ...meteringTable,
      sets: [],
      objects: counters,
      chains: [
        ...chains.flat(),
        ...entrances,
        {
          name: 'FORWARD',
          // After all that could drop a packet.
          hook: 'type filter hook forward priority 10; policy accept;',
          rules: [`iifname "${device}" jump ingress`, `oifname "${device}" jump egress`],
        },
      ],
    },
  ];
}

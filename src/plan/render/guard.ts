/**
 * Against frames in others' names: a port with port security sends from its own MAC addresses alone, and its ARP speaks for its
 * own IPv4 addresses alone. What Neutron's Linux bridge agent writes into ebtables (`arp_protect`), chains for each port, is one
 * table of nftables here, in which a port is a few elements of sets. Unlike there, an allowed pair 0.0.0.0/0 is written like any
 * other prefix.
 */
import { type Cidr, cidrContains, formatCidr, formatIp, parseCidr } from '../../lib/ip.ts';
import type { HostPort } from '../../model/host-objects.ts';
import type { NftElementsFact, NftTableFact } from '../facts.ts';
import { tapName } from './names.ts';

const table = { namespace: '', family: 'bridge', table: 'neutrino' } as const;

/** The table that all ports share. It looks before the bridge learns where a MAC address is, and before iptables. */
export function guardTable(): NftTableFact {
  return {
    fact: 'nft-table',
    ...table,
    sets: [
      { name: 'guarded', of: 'typeof iifname' },
      { name: 'macs', of: 'typeof iifname . ether saddr' },
      { name: 'addresses', of: 'typeof iifname . arp saddr ip' },
      { name: 'prefixes', of: 'typeof iifname . arp saddr ip', interval: true },
    ],
    chains: [
      {
        name: 'port-arp',
        rules: ['iifname . arp saddr ip @addresses accept', 'iifname . arp saddr ip @prefixes accept', 'drop'],
      },
      {
        name: 'port-frames',
        rules: ['iifname . ether saddr != @macs drop', 'ether type arp jump port-arp'],
      },
      {
        name: 'PREROUTING',
        hook: 'type filter hook prerouting priority -300; policy accept;',
        rules: ['iifname @guarded jump port-frames'],
      },
    ],
  };
}

/** The prefixes that no other one holds; a prefix of length 0 as two halves, which every version of nft takes. */
function widest(prefixes: readonly Cidr[]): string[] {
  const kept = prefixes.filter(
    (one, at) =>
      !prefixes.some((other, place) => {
        const wider = other.length < one.length || (other.length === one.length && place < at);
        return wider && cidrContains(other, { version: one.version, value: one.first });
      }),
  );
  if (kept.some(({ length }) => length === 0)) return ['0.0.0.0/1', '128.0.0.0/1'];
  return kept.map(formatCidr).sort();
}

/** What a port may send in its name; only for ports with port security. */
export function guardElements(port: HostPort): NftElementsFact {
  const macs = [port.mac_address, ...port.allowed_address_pairs.map((pair) => pair.mac_address ?? port.mac_address)];
  const own = [...port.fixed_ips.map(({ ip }) => ip), ...port.allowed_address_pairs.map((pair) => pair.ip_address)];
  const four = own.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr?.version === 4 ? [cidr] : [];
  });
  const single = four.filter(({ length }) => length === 32);
  const addresses = new Set(single.map(({ first }) => formatIp({ version: 4, value: first })));
  const elements = {
    guarded: [''],
    macs: [...new Set(macs.map((mac) => mac.toLowerCase()))].sort(),
    addresses: [...addresses].sort(),
    prefixes: widest(four.filter(({ length }) => length < 32)),
  };
  return {
    fact: 'nft-elements',
    ...table,
    owner: tapName(port.id),
    elements: Object.fromEntries(Object.entries(elements).filter(([, values]) => values.length > 0)),
  };
}

/** Facts of every kind, in two states each, for the suite of machines. */

import type { Fact, LinkFact, Namespace, NftTableFact } from '../../src/plan/facts.ts';
import { natMaps, natTable } from '../../src/plan/nft-nat.ts';
import { meteredRouter } from './machine-samples-metering.ts';

/** One thing: what has to be there before, how it is at first, and how it is after a change. */
export interface Sample {
  readonly title: string;
  readonly before: readonly Fact[];
  readonly first: Fact;
  /** Left out where the key says everything. */
  readonly second?: Fact;
  /** A setting is never set back, and a device by others never removed. */
  readonly stays?: true;
  /** What a real kernel may lack for it. */
  readonly needs?: '802.1q devices';
  /** Its present state can be told from what is asked about, but not read. */
  readonly opaque?: true;
}

const ns: Namespace = 'qrouter-1';
const netns: Fact = { fact: 'netns', name: ns };
const mac = 'fa:16:3e:00:00:01';
const veth: Fact = {
  fact: 'link',
  namespace: ns,
  name: 'qg-1',
  kind: { type: 'veth', peer: { namespace: '', name: 'tapqg-1' } },
  mac,
  mtu: 1500,
  up: true,
};
const switching: LinkFact = { fact: 'link', namespace: ns, name: 'brq7', kind: { type: 'bridge' }, up: true };
const vxlan: LinkFact = {
  fact: 'link',
  namespace: ns,
  name: 'vxlan-7',
  kind: { type: 'vxlan', vni: 7, local: '192.0.2.1', port: 4789 },
  mtu: 1450,
  up: true,
};
const vlan: LinkFact = {
  fact: 'link',
  namespace: ns,
  name: 'under.100',
  kind: { type: 'vlan', device: 'under', id: 100 },
  mtu: 1450,
  up: true,
};
const nic: LinkFact = { fact: 'link', namespace: ns, name: 'qg-1', kind: { type: 'foreign', nic: true }, up: true };
const bridge: Fact = { fact: 'link', namespace: ns, name: 'brq-1', kind: { type: 'bridge' }, mtu: 1450, up: true };
const connected: Fact = { fact: 'address', namespace: ns, device: 'qg-1', cidr: '203.0.113.1/24' };

const table = { namespace: ns, family: 4, table: 'nat' } as const;
const dnat = (port: number) => `-d 203.0.113.1/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination 10.0.0.5:8080`;

/** Facts about devices. */
const links: Sample[] = [
  { title: 'a namespace', before: [], first: netns },
  { title: 'a bridge', before: [netns], first: bridge, second: { ...bridge, mtu: 1400 } },
  {
    title: 'a veth pair',
    before: [netns],
    first: veth,
    second: { ...veth, mtu: 1400, mac: 'fa:16:3e:00:00:02', up: false },
  },
  {
    title: 'the other end of a veth pair',
    before: [netns, bridge, veth],
    first: { fact: 'link', namespace: '', name: 'tapqg-1', kind: { type: 'peer' }, mtu: 1500, up: true },
    second: { fact: 'link', namespace: '', name: 'tapqg-1', kind: { type: 'peer' }, mtu: 1400, up: true },
  },
  {
    title: 'a VXLAN device',
    before: [netns],
    first: vxlan,
    second: { ...vxlan, kind: { type: 'vxlan', vni: 8, local: '192.0.2.1', port: 4789 } },
  },
  {
    title: 'a port of a bridge',
    before: [netns, bridge],
    first: { ...vxlan, master: 'brq-1' },
  },
  {
    title: 'an 802.1q device',
    needs: '802.1q devices',
    before: [netns, { ...bridge, name: 'under' } as Fact, bridge],
    first: { ...vlan, master: 'brq-1' },
    second: { ...vlan, master: 'brq-1', kind: { type: 'vlan', device: 'under', id: 101 }, mtu: 1400 },
  },
  {
    title: 'an interface of the host in a bridge',
    before: [netns, bridge, veth],
    first: { ...nic, master: 'brq-1' },
    stays: true,
  },
  { title: 'an address', before: [netns, veth], first: connected },
  { title: 'an IPv6 address', before: [netns, veth], first: { ...connected, cidr: '2001:db8::1/64' } },
];

/** Facts about where packets go. */
const ways: Sample[] = [
  {
    title: 'a default route',
    before: [netns, veth, connected],
    first: { fact: 'route', namespace: ns, destination: 'default', via: '203.0.113.254', device: 'qg-1' },
    second: { fact: 'route', namespace: ns, destination: 'default', via: '203.0.113.253', device: 'qg-1' },
  },
  {
    title: 'a route without a gateway',
    before: [netns, veth, connected],
    first: { fact: 'route', namespace: ns, destination: '198.51.100.0/24', via: null, device: 'qg-1' },
  },
  {
    title: 'an IPv6 default route',
    before: [netns, veth, { ...connected, cidr: '2001:db8::1/64' }],
    first: { fact: 'route', namespace: ns, destination: 'default6', via: '2001:db8::fe', device: 'qg-1' },
    second: { fact: 'route', namespace: ns, destination: 'default6', via: '2001:db8::fd', device: 'qg-1' },
  },
  {
    title: 'an endpoint for unknown frames',
    before: [netns, vxlan],
    first: { fact: 'fdb', namespace: ns, device: 'vxlan-7', mac: '00:00:00:00:00:00', endpoint: '192.0.2.2' },
  },
  {
    title: 'an endpoint of a port',
    before: [netns, vxlan],
    first: { fact: 'fdb', namespace: ns, device: 'vxlan-7', mac, endpoint: '192.0.2.2' },
  },
  {
    title: 'a proxy',
    before: [netns, veth],
    first: { fact: 'proxy', namespace: ns, device: 'qg-1', ip: '2001:db8:1::5' },
  },
  {
    title: 'an entry of a bridge',
    before: [netns, switching, { ...vxlan, master: 'brq7' }],
    first: { fact: 'fdb', namespace: ns, device: 'vxlan-7', mac, endpoint: null },
  },
  {
    title: 'a port that questions do not leave by',
    before: [netns, switching],
    first: { ...vxlan, master: 'brq7', neighSuppress: true },
    second: { ...vxlan, master: 'brq7', neighSuppress: false },
  },
  {
    title: 'a neighbour',
    before: [netns, switching],
    first: { fact: 'neighbour', namespace: ns, device: 'brq7', ip: '10.0.0.9', mac },
    second: { fact: 'neighbour', namespace: ns, device: 'brq7', ip: '10.0.0.9', mac: 'fa:16:3e:00:00:02' },
  },
  {
    title: 'a kernel setting',
    before: [netns],
    first: { fact: 'sysctl', namespace: ns, name: 'net.ipv4.ip_forward', value: '1' },
    second: { fact: 'sysctl', namespace: ns, name: 'net.ipv4.ip_forward', value: '0' },
    stays: true,
  },
];

const bucket = (rateKbps: number, burstBytes: number): Fact => ({
  fact: 'qdisc',
  namespace: ns,
  device: 'qg-1',
  qdisc: { type: 'tbf', rateKbps, burstBytes },
});
const ifb = (name: string): Fact => ({ fact: 'link', namespace: ns, name, kind: { type: 'ifb' }, up: true });
const detour = (redirect: string): Fact => ({
  fact: 'qdisc',
  namespace: ns,
  device: 'qg-1',
  qdisc: { type: 'ingress', redirect },
});

/** Facts about queues. */
const queues: Sample[] = [
  { title: 'a device that frames only pass', before: [netns], first: ifb('ifb-1') },
  { title: 'a queue', before: [netns, veth], first: bucket(5000, 500_000), second: bucket(1, 1518) },
  { title: 'a fast queue', before: [netns, veth], first: bucket(2_147_483_647, 2 ** 30) },
  {
    title: 'a queue for what a device receives',
    before: [netns, veth, ifb('ifb-1'), ifb('ifb-2')],
    first: detour('ifb-1'),
    second: detour('ifb-2'),
  },
];

/** Facts about rules. */
const rules: Sample[] = [
  {
    title: 'a chain',
    before: [netns],
    first: { fact: 'chain', ...table, chain: 'neutron-l3-agent-fip-pf', rules: [dnat(9000), dnat(9001)] },
    second: { fact: 'chain', ...table, chain: 'neutron-l3-agent-fip-pf', rules: [dnat(9001), dnat(9002)] },
  },
  {
    title: 'a chain without rules',
    before: [netns],
    first: { fact: 'chain', ...table, chain: 'neutron-l3-agent-snat', rules: [] },
  },
  {
    title: 'a chain of IPv6',
    before: [netns],
    first: { fact: 'chain', ...table, family: 6, table: 'filter', chain: 'x6', rules: ['-s 2001:db8::/64 -j DROP'] },
    second: { fact: 'chain', ...table, family: 6, table: 'filter', chain: 'x6', rules: [] },
  },
  {
    title: 'a hook',
    before: [netns, { fact: 'chain', ...table, chain: 'own', rules: ['-j RETURN'] }],
    first: { fact: 'hook', ...table, chain: 'PREROUTING', rule: '-j own' },
  },
  {
    title: 'a hook that may stand anywhere',
    before: [
      netns,
      { fact: 'chain', ...table, chain: 'own', rules: ['-j RETURN'] },
      { fact: 'chain', ...table, chain: 'all', rules: [], shared: true },
    ],
    first: { fact: 'hook', ...table, chain: 'all', rule: '-j own', anywhere: true },
  },
  {
    title: 'the end of a shared chain',
    before: [netns],
    first: { fact: 'chain', ...table, chain: 'shared', rules: [dnat(1), dnat(2)], shared: true },
    second: { fact: 'chain', ...table, chain: 'shared', rules: [dnat(2), dnat(3)], shared: true },
  },
  {
    title: 'the tracked connections of an address',
    before: [netns],
    first: { fact: 'connections', namespace: ns, zone: 7, ip: '10.0.0.5' },
    stays: true,
  },
  {
    title: 'a set',
    before: [netns],
    first: { fact: 'set', namespace: ns, name: 'NIPv4aaaa', family: 4, elements: ['10.0.0.5', '10.0.1.0/24'] },
    second: { fact: 'set', namespace: ns, name: 'NIPv4aaaa', family: 4, elements: ['10.0.0.6', '10.0.1.0/24'] },
  },
  {
    title: 'a set of IPv6',
    before: [netns],
    first: { fact: 'set', namespace: ns, name: 'NIPv6aaaa', family: 6, elements: ['2001:db8::5'] },
    second: { fact: 'set', namespace: ns, name: 'NIPv6aaaa', family: 6, elements: [] },
  },
];

const nft = { namespace: ns, family: 'bridge', table: 'guard' } as const;
const nftTable: NftTableFact = {
  fact: 'nft-table',
  ...nft,
  sets: [
    { name: 'macs', of: 'typeof iifname . ether saddr' },
    { name: 'prefixes', of: 'typeof iifname . arp saddr ip', interval: true },
    { name: 'guarded', of: 'typeof iifname' },
  ],
  chains: [
    { name: 'one', rules: ['iifname . ether saddr != @macs drop', 'ether type arp accept'] },
    {
      name: 'PREROUTING',
      hook: 'type filter hook prerouting priority -300; policy accept;',
      rules: ['iifname @guarded jump one'],
    },
  ],
};
const elements = (members: Record<string, readonly string[]>): Fact => ({
  fact: 'nft-elements',
  ...nft,
  owner: 'tap1234567-89',
  elements: members,
});

const nat: NftTableFact = {
  fact: 'nft-table',
  namespace: ns,
  ...natTable,
  sets: [...Object.values(natMaps), { name: 'egress_limits', of: 'type ipv4_addr ; limit rate over 1 bytes/second' }],
  chains: [
    {
      name: 'PREROUTING',
      hook: 'type nat hook prerouting priority -100; policy accept;',
      rules: ['dnat ip to ip daddr . meta l4proto . th dport map @forwardings'],
    },
  ],
};
const element = (map: string, key: string, value: string): Fact => {
  return { fact: 'nft-element', namespace: ns, ...natTable, map, key, value };
};

/** Facts about nftables. */
const tables: Sample[] = [
  {
    title: 'a table of nftables',
    opaque: true,
    before: [netns],
    first: nftTable,
    second: { ...nftTable, chains: [{ name: 'one', rules: ['drop'] }, ...nftTable.chains.slice(1)] },
  },
  meteredRouter(netns),
  {
    title: 'elements of a device',
    before: [netns, nftTable],
    first: elements({ guarded: [''], macs: [mac], prefixes: ['10.0.0.0/24', '10.0.1.5'] }),
    second: elements({ guarded: [''], macs: [mac, 'fa:16:3e:00:00:09'] }),
  },
  {
    title: 'a prefix that becomes a part of itself',
    before: [netns, nftTable],
    first: elements({ prefixes: ['10.0.0.0/24'] }),
    second: elements({ prefixes: ['10.0.0.0/25', '10.0.0.192/26'] }),
  },
  {
    title: 'an element of a map',
    before: [netns, nat],
    first: element('forwardings', '203.0.113.1 . 6 . 9000', '10.0.0.5 . 8080'),
    second: element('forwardings', '203.0.113.1 . 6 . 9000', '10.0.0.6 . 8081'),
  },
  {
    title: 'an element of a map for each port of a range',
    before: [netns, nat],
    first: element('forwardings', '203.0.113.1 . 17 . 9000-9009', '10.0.0.5 . 8080-8089'),
    second: element('forwardings', '203.0.113.1 . 17 . 9000-9009', '10.0.0.6 . 9080-9089'),
  },
  {
    title: 'an element of a map with ranges',
    before: [netns, nat],
    first: element('forwarded_ranges', '203.0.113.1 . 6 . 9000-9009', '10.0.0.5 . 8080'),
    second: element('forwarded_ranges', '203.0.113.1 . 6 . 9000-9009', '10.0.0.6 . 8080'),
  },
  {
    title: 'an element of a set with a limit of its own',
    before: [netns, nat],
    first: element('egress_limits', '203.0.113.1', 'limit rate over 125000 bytes/second burst 100000 bytes'),
    second: element('egress_limits', '203.0.113.1', 'limit rate over 1048576 bytes/second burst 1048576 bytes'),
  },
  {
    title: 'an element for a protocol without ports',
    before: [netns, nat],
    first: element('forwarded_protocols', '203.0.113.1 . 1', '10.0.0.5'),
    second: element('forwarded_protocols', '203.0.113.1 . 1', '10.0.0.6'),
  },
];

/** Facts outside the namespaces; `folder` is a fresh one. */
function files(folder: string): Sample[] {
  const path = `${folder}/net/host`;
  const dnsmasq = {
    fact: 'process',
    name: 'dnsmasq/1',
    namespace: ns,
    argv: [
      'dnsmasq',
      '--no-hosts',
      '--no-resolv',
      '--port=0',
      '--conf-file=/dev/null',
      '--user=root',
      `--pid-file=${folder}/dhcp/pid`,
    ],
    pidFile: `${folder}/dhcp/pid`,
    restartOn: 'a',
    reloadOn: 'a',
    ownFiles: [`${folder}/dhcp/leases`],
  } as const;
  const opts: Fact = { fact: 'file', path: `${folder}/dhcp/opts`, content: '', mode: 0o644 };
  return [
    {
      title: 'a file',
      before: [],
      first: { fact: 'file', path, content: 'one\n', mode: 0o644 },
      second: { fact: 'file', path, content: 'two\n', mode: 0o600 },
    },
    {
      title: 'a process that reads again',
      before: [netns, opts],
      first: dnsmasq,
      second: { ...dnsmasq, reloadOn: 'b' },
    },
    {
      title: 'a process that starts anew',
      before: [netns, opts],
      first: dnsmasq,
      second: { ...dnsmasq, argv: [...dnsmasq.argv, '--dhcp-authoritative'], restartOn: 'b' },
    },
  ];
}

/** All samples. */
export function samples(folder: string): Sample[] {
  return [...links, ...ways, ...queues, ...rules, ...tables, ...files(folder)];
}

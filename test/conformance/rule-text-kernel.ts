/**
 * Rules are compared as text, so that what the planner renders must be, letter for letter, what iptables-save prints. Here every
 * rendered chain goes through the kernel and back. Runs inside a private world, started by rule-text.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { HostKey, HostObject, HostPort, HostRouter, HostSecurityGroup } from '../../src/model/host-objects.ts';
import { hostKey } from '../../src/model/host-objects.ts';
import type { ChainFact, Fact, HookFact } from '../../src/plan/facts.ts';
import { render, renderBase } from '../../src/plan/render/index.ts';
import { sameRules } from '../../src/plan/rule-text.ts';
import { libraryOfObjects } from '../scenarios/script.ts';

const library = libraryOfObjects();

function inWorld([program = '', ...args]: string[], input?: string): string {
  return execFileSync(program, args, { encoding: 'utf8', input, timeout: 20_000 });
}

const env = {
  stateDir: '/state',
  localIp: '192.0.2.1',
  bridgeMappings: { public: 'br-ex' },
  links: new Set<string>(),
  driver: 'linuxbridge',
  natDriver: 'iptables',
} as const;

function factsOf(objects: HostObject[]): Fact[] {
  const byKey = new Map<HostKey, HostObject>(objects.map((object) => [hostKey(object), object]));
  return [...byKey.keys()].flatMap((key) => render(key, (one) => byKey.get(one), env).facts);
}

/** The facts about iptables of one family, as iptables-restore takes them. */
function loadText(facts: Fact[], family: 4 | 6): string {
  const mine = facts.filter((fact) => 'family' in fact && fact.family === family);
  const lines: string[] = [];
  for (const table of ['filter', 'nat', 'mangle', 'raw']) {
    const chains = mine.filter((fact): fact is ChainFact => fact.fact === 'chain' && fact.table === table);
    const hooks = mine.filter((fact): fact is HookFact => fact.fact === 'hook' && fact.table === table);
    lines.push(`*${table}`, ...chains.map(({ chain }) => `:${chain} - [0:0]`));
    for (const { chain, rules } of chains) lines.push(...rules.map((rule) => `-A ${chain} ${rule}`));
    lines.push(...hooks.map(({ chain, rule }) => `-I ${chain} ${rule}`), 'COMMIT');
  }
  return `${lines.join('\n')}\n`;
}

/** Letter for letter, save for protocols that go by number; for these the comparison of plans must see no difference. */
function checkRules(printed: string[], rendered: readonly string[]): void {
  const byName = (_rule: string, index: number) => !/(^| )-p \d/.test(rendered[index] ?? '');
  assert.deepEqual(printed.filter(byName), rendered.filter(byName));
  for (const [index, rule] of rendered.entries())
    assert.ok(sameRules([rule], [printed[index] ?? '']), `${rule}\nwas printed as\n${printed[index]}`);
}

/** Loads the facts and checks that each rule comes back as it was given. */
function checkThroughKernel(facts: Fact[]): void {
  for (const fact of facts) {
    if (fact.fact !== 'set') continue;
    const family = fact.family === 4 ? 'inet' : 'inet6';
    inWorld(['ipset', 'create', '-exist', fact.name, 'hash:net', 'family', family]);
    for (const element of fact.elements) inWorld(['ipset', 'add', '-exist', fact.name, element]);
    const listed = inWorld(['ipset', 'save', fact.name]);
    const elements = [...listed.matchAll(/^add \S+ (\S+)/gm)].map((match) => match[1]).sort();
    assert.deepEqual(elements, fact.elements);
  }
  for (const family of [4, 6] as const) {
    const tool = family === 4 ? 'iptables' : 'ip6tables';
    inWorld([`${tool}-restore`], loadText(facts, family));
    const saved = inWorld([`${tool}-save`]).split('\n');
    for (const fact of facts) {
      if (!('table' in fact) || fact.family !== family) continue;
      const prefix = `-A ${fact.chain} `;
      const start = saved.indexOf(`*${fact.table}`);
      const table = saved.slice(start, saved.indexOf('COMMIT', start));
      const rules = table.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
      if (fact.fact === 'hook') assert.ok(rules.includes(fact.rule), `${fact.rule}\nis not in\n${rules.join('\n')}`);
      else checkRules(rules.slice(rules.length - fact.rules.length), fact.rules);
    }
  }
}

/** A forwarding of each protocol, of one port, of a range to a range, of a range to one port, of everything. */
function everyForwarding(): HostRouter['port_forwardings'] {
  const shapes = [
    [9000, 9000, 80, 80],
    [9100, 9109, 8100, 8109],
    [9200, 9209, 53, 53],
    [1, 65535, 1, 65535],
  ] as const;
  const protocols = ['tcp', 'udp', 'sctp', 'dccp', 'icmp', 'ipv6-icmp'];
  return protocols.flatMap((protocol, row) =>
    shapes.map(([external_first, external_last, internal_first, internal_last], column) => ({
      id: `${row}${column}000000-0000-4000-8000-000000000001`,
      floatingip_id: 'f',
      floating_ip: '172.24.4.10',
      protocol,
      external_first,
      external_last,
      internal_ip: '10.100.0.5',
      internal_first,
      internal_last,
    })),
  );
}

test('the chains of a router come back from the kernel as they were rendered', () => {
  const router: HostRouter = {
    ...(library.router as HostRouter),
    floating_ips: [{ id: 'f2', floating_ip: '172.24.4.11', fixed_ip: '10.100.0.6' }],
    port_forwardings: everyForwarding(),
  };
  const facts = factsOf([router, ...Object.values(library).filter(({ kind }) => kind === 'network')]);
  assert.ok(facts.filter(({ fact }) => fact === 'chain').length > 30);
  checkThroughKernel(facts);
});

type Rule = HostSecurityGroup['rules'][number];

/** A rule of each protocol (every number, every name of the API), direction and family, with and without ports and remotes. */
function everyRule(remote: string): Rule[] {
  const names = [
    'ah',
    'dccp',
    'egp',
    'esp',
    'gre',
    'icmp',
    'icmpv6',
    'igmp',
    'ipip',
    'ipv6-icmp',
    'ipv6-nonxt',
    'ospf',
  ];
  const more = [
    'pgm',
    'rsvp',
    'sctp',
    'tcp',
    'udp',
    'udplite',
    'vrrp',
    'ipv6-encap',
    'ipv6-frag',
    'ipv6-opts',
    'ipv6-route',
    'any',
  ];
  const numbers = Array.from({ length: 256 }, (_, number) => String(number));
  const rules: Rule[] = [];
  for (const direction of ['ingress', 'egress'] as const) {
    for (const ethertype of ['IPv4', 'IPv6'] as const) {
      const base = { direction, ethertype, port_range_min: null, port_range_max: null, remote_ip_prefix: null };
      const prefix = ethertype === 'IPv4' ? '192.0.2.0/24' : '2001:db8::/32';
      const host = ethertype === 'IPv4' ? '192.0.2.7' : '2001:db8::7';
      const any = ethertype === 'IPv4' ? '0.0.0.0/0' : '::/0';
      const add = (members: Partial<Rule>) =>
        rules.push({
          id: String(rules.length),
          protocol: null,
          remote_group_id: null,
          remote_address_group_id: null,
          ...base,
          ...members,
        });
      for (const protocol of [...names, ...more, ...numbers]) add({ protocol });
      for (const protocol of ['tcp', 'udp', 'sctp', 'dccp', 'udplite', '6', '17'])
        for (const [port_range_min, port_range_max] of [
          [80, 80],
          [80, 90],
          [1, 65535],
        ] as const)
          add({ protocol, port_range_min, port_range_max });
      for (const protocol of ['icmp', '1', 'ipv6-icmp', 'icmpv6', '58'])
        for (const [port_range_min, port_range_max] of [
          [8, 0],
          [8, null],
          [3, 4],
          [0, 0],
          [255, null],
        ] as const)
          if ((ethertype === 'IPv4') === ['icmp', '1'].includes(protocol))
            add({ protocol, port_range_min, port_range_max });
      for (const remote_ip_prefix of [prefix, host, any]) {
        add({ remote_ip_prefix });
        add({ remote_ip_prefix, protocol: 'tcp', port_range_min: 22, port_range_max: 22 });
      }
      add({ remote_group_id: remote });
      add({ remote_group_id: remote, protocol: 'udp', port_range_min: 53, port_range_max: 53 });
    }
  }
  return rules;
}

test('the chains of a port come back from the kernel as they were rendered', () => {
  const group = library.group as HostSecurityGroup;
  const port: HostPort = {
    ...(library.instance as HostPort),
    fixed_ips: [
      { ip: '10.100.0.5', prefix_length: 24, subnet_id: 's4' },
      { ip: '2001:db8::5', prefix_length: 64, subnet_id: 's6' },
    ],
    allowed_address_pairs: [
      { ip_address: '10.100.9.0/24' },
      { ip_address: '10.100.0.200', mac_address: 'FA:16:3E:00:00:AA' },
      { ip_address: '2001:db8:1::/64' },
    ],
  };
  const open: HostPort = { ...port, id: '99999999-0000-4000-8000-000000000001', port_security_enabled: false };
  const objects = [library.tenant, library.members, { ...group, rules: everyRule(group.id) }, port, open];
  const facts = factsOf(objects.filter((object) => object !== undefined));
  checkThroughKernel([...renderBase(env, true), ...facts]);
});

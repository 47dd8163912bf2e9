/** The iptables chains of an instance's port, after Neutron's `iptables_firewall`: towards it, from it, and against spoofing. */
import type { HostPort } from '../../model/host-objects.ts';
import type { ChainFact, IpFamily } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { knownRules, revokeReceived, revokeSent } from './known-connections.ts';
import { fallbackChain, portChain } from './names.ts';
import { comments, type GroupRule, groupRules } from './security.ts';
import { sourcePairs } from './source-pairs.ts';

function udpTo(destination: string, ports: string): string {
  return rule({ destination, protocol: 'udp', matches: [`-m udp ${ports}`], jump: 'RETURN' });
}

function icmp6(type: number, jump: string, comment?: string, source?: string, destination?: string): string {
  const matches = [`-m icmp6 --icmpv6-type ${type}`];
  return rule({ source, destination, protocol: 'ipv6-icmp', matches, ...(comment ? { comment } : {}), jump });
}

const invalid = rule({ matches: ['-m state --state INVALID'], comment: comments.invalid, jump: 'DROP' });
const unmatched = rule({ comment: comments.unmatched, jump: fallbackChain });

function spoofRules(port: HostPort, family: IpFamily): string[] {
  const allowed = sourcePairs(port, family).map(({ mac, prefix }) =>
    rule({ source: prefix, matches: [`-m mac --mac-source ${mac}`], comment: comments.pairAllow, jump: 'RETURN' }),
  );
  return [...new Set(allowed), rule({ comment: comments.pairDrop, jump: 'DROP' })];
}

function ingressFixed(port: HostPort, family: IpFamily): string[] {
  if (family === 6) {
    // MLD query, router advertisement, neighbour solicitation and advertisement; DHCPv6 answers.
    const types = [130, 134, 135, 136].map((type) => icmp6(type, 'RETURN'));
    return [...types, udpTo('fe80::/64', '--sport 547 --dport 546')];
  }
  const own = port.fixed_ips.flatMap(({ ip }) => (ip.includes(':') ? [] : [ip]));
  return [...own, '255.255.255.255'].map((ip) => udpTo(ip, '--sport 67 --dport 68'));
}

function egressFixed(port: HostPort, family: IpFamily): string[] {
  const spoof = rule({ jump: portChain(port.id, 's') });
  const ports = {
    4: ['--sport 68 --dport 67', '--sport 67 --dport 68'],
    6: ['--sport 546 --dport 547', '--sport 547 --dport 546'],
  };
  const [ask = '', answer = ''] = ports[family].map((text) => `-m udp ${text}`);
  const renew = rule({ protocol: 'udp', matches: [ask], comment: comments.dhcpClient, jump: 'RETURN' });
  const forbidden = rule({ protocol: 'udp', matches: [answer], comment: comments.dhcpSpoof, jump: 'DROP' });
  if (family === 6) {
    // From the unspecified address: MLD report, neighbour solicitation, MLDv2 report.
    const early = [131, 135, 143].map((type) => icmp6(type, 'RETURN', comments.icmp6Allow, '::/128', 'ff02::/16'));
    const rest = rule({ protocol: 'ipv6-icmp', comment: comments.icmp6Allow, jump: 'RETURN' });
    return [...early, spoof, icmp6(134, 'DROP', comments.raDrop), rest, renew, forbidden];
  }
  const discover = rule({
    source: '0.0.0.0/32',
    destination: '255.255.255.255/32',
    protocol: 'udp',
    matches: [ask],
    comment: comments.dhcpClient,
    jump: 'RETURN',
  });
  return [discover, spoof, renew, forbidden];
}

/**
 * The three chains of a port for one family. `rules` are those of its groups that can be written already. Nothing of a stateless
 * port is tracked: there each direction needs its rule.
 */
export function portChains(
  port: HostPort,
  rules: readonly GroupRule[],
  family: IpFamily,
  stateless: boolean,
): ChainFact[] {
  const chain = (which: 'i' | 'o' | 's', lines: string[]): ChainFact => {
    const name = portChain(port.id, which);
    return { fact: 'chain', namespace: '', family, table: 'filter', chain: name, rules: lines };
  };
  const ingress = groupRules(rules, 'ingress', family);
  const egress = groupRules(rules, 'egress', family);
  const known = stateless ? [] : knownRules;
  const end = (revoke: readonly string[]) => (stateless ? [unmatched] : [invalid, ...revoke, unmatched]);
  return [
    chain('s', spoofRules(port, family)),
    chain('i', [...known, ...ingressFixed(port, family), ...ingress, ...end(revokeReceived(port, family))]),
    chain('o', [...egressFixed(port, family), ...known, ...egress, ...end(revokeSent)]),
  ];
}

/**
 * What the ports of a host share in the root namespace: bridged packets are shown to iptables, the chains that the ports hook
 * into, and the table that guards against frames in others' names. A unit of its own, `base`; chains as in Neutron's iptables_manager and iptables_firewall.
 */
import type { Fact, HookFact, IpFamily, IptablesTable } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { guardTable } from './guard.ts';
import { acceptRules } from './known-connections.ts';
import type { HostEnvironment } from './language.ts';
import { sysctl } from './link-layer.ts';
import { bridgePrefix, fallbackChain } from './names.ts';
import { renderSwitchBase } from './ovs-base.ts';

/** Where dispatching to the ports' chains starts. */
export const securityChain = `${bridgePrefix}-sg-chain`;
/** Where connections of stateless ports are taken out of tracking, before any port's network decides on a zone. */
export const statelessChain = `${bridgePrefix}-stateless`;
/** Where what all rules allowed ends. */
const acceptChain = `${bridgePrefix}-sg-accept`;

function chain(family: IpFamily, table: IptablesTable, name: string, rules: readonly string[], shared: boolean): Fact {
  const fact = { fact: 'chain', namespace: '', family, table, chain: name, rules } as const;
  return shared ? { ...fact, shared: true } : fact;
}

function hookInto(family: IpFamily, table: IptablesTable, builtIn: string, to?: string): HookFact {
  const jump = rule({ jump: to ?? `${bridgePrefix}-${builtIn}` });
  return { fact: 'hook', namespace: '', family, table, chain: builtIn, rule: jump };
}

function familyFacts(family: IpFamily): Fact[] {
  const drop = rule({ comment: 'Default drop rule for unmatched traffic.', jump: 'DROP' });
  return [
    chain(family, 'filter', fallbackChain, [drop], false),
    chain(family, 'filter', acceptChain, acceptRules, false),
    chain(family, 'filter', securityChain, [rule({ jump: acceptChain })], true),
    ...['FORWARD', 'INPUT', 'OUTPUT'].map((name) => chain(family, 'filter', `${bridgePrefix}-${name}`, [], true)),
    chain(family, 'raw', `${bridgePrefix}-PREROUTING`, [], true),
    chain(family, 'raw', statelessChain, [], true),
    ...['FORWARD', 'INPUT', 'OUTPUT'].map((name) => hookInto(family, 'filter', name)),
    // Of several CT targets the first one counts.
    hookInto(family, 'raw', 'PREROUTING', statelessChain),
    hookInto(family, 'raw', 'PREROUTING'),
  ];
}

/**
 * The facts that ports stand on. With Linux bridges none while the host has no port, so that a host without instances keeps its
 * iptables.
 */
export function renderBase(env: HostEnvironment, anyPorts: boolean): Fact[] {
  if (env.driver === 'openvswitch') return renderSwitchBase(env);
  if (!anyPorts) return [];
  return [
    sysctl('', 'net.bridge.bridge-nf-call-iptables', '1'),
    sysctl('', 'net.bridge.bridge-nf-call-ip6tables', '1'),
    guardTable(),
    ...familyFacts(4),
    ...familyFacts(6),
  ];
}

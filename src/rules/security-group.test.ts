import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalRule,
  checkGroupsTogether,
  normalizedCidr,
  PARENT,
  type RuleMatch,
  ruleKey,
  rulesFromTemplates,
} from './security-group.ts';

const rule = (changes: Partial<RuleMatch>): RuleMatch => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
  ...changes,
});
const ports = (protocol: string | null, min: number | null, max: number | null) =>
  rule({ protocol, port_range_min: min, port_range_max: max });

const refusals: [RuleMatch, string][] = [
  [ports('carrier-pigeon', null, null), 'SecurityGroupRuleInvalidProtocol'],
  [ports('256', null, null), 'SecurityGroupRuleInvalidProtocol'],
  [ports(null, 80, 80), 'SecurityGroupProtocolRequiredWithPorts'],
  [ports('tcp', 81, 80), 'SecurityGroupInvalidPortRange'],
  [ports('tcp', 80, null), 'SecurityGroupInvalidPortRange'],
  [ports('udp', 0, 80), 'SecurityGroupInvalidPortValue'],
  [ports('gre', 80, 80), 'SecurityGroupInvalidProtocolForPort'],
  [ports('icmp', 256, null), 'SecurityGroupInvalidIcmpValue'],
  [ports('icmp', 8, 256), 'SecurityGroupInvalidIcmpValue'],
  [ports('icmp', null, 0), 'SecurityGroupMissingIcmpType'],
  [rule({ protocol: 'ipv6-icmp' }), 'SecurityGroupEthertypeConflictWithProtocol'],
  [rule({ protocol: '58' }), 'SecurityGroupEthertypeConflictWithProtocol'],
  [rule({ remote_ip_prefix: '2001:db8::/32' }), 'SecurityGroupRuleParameterConflict'],
  [rule({ remote_ip_prefix: '10.0.0.0/8', remote_group_id: 'g' }), 'SecurityGroupMultipleRemoteEntites'],
  [rule({ remote_address_group_id: 'a', remote_group_id: 'g' }), 'SecurityGroupMultipleRemoteEntites'],
];

for (const [given, type] of refusals) {
  test(`refused: ${JSON.stringify(given)}`, () => {
    assert.throws(() => canonicalRule(given), { type, status: 400 });
  });
}

test('a rule is kept in one form', () => {
  assert.equal(canonicalRule(rule({ protocol: 'TCP' })).protocol, 'tcp');
  assert.equal(canonicalRule(rule({ protocol: 'any' })).protocol, null);
  assert.equal(canonicalRule(rule({ ethertype: 'IPv6', protocol: 'icmp' })).protocol, 'ipv6-icmp');
  assert.equal(canonicalRule(rule({ ethertype: 'IPv6', protocol: '1' })).protocol, '58');
  const whole = canonicalRule(ports('tcp', 1, 65535));
  assert.deepEqual([whole.port_range_min, whole.port_range_max], [null, null]);
  assert.deepEqual(canonicalRule(ports('icmp', 8, 0)), ports('icmp', 8, 0));
});

test('rules that let through the same have one key', () => {
  assert.equal(ruleKey(rule({ protocol: 'tcp' })), ruleKey(rule({ protocol: '6' })));
  assert.equal(ruleKey(rule({})), ruleKey(rule({ remote_ip_prefix: '0.0.0.0/0' })));
  assert.notEqual(ruleKey(ports('tcp', 80, 80)), ruleKey(ports('tcp', 80, 81)));
  assert.notEqual(ruleKey(rule({})), ruleKey(rule({ direction: 'egress' })));
});

test('a template that names the parent names the new group', () => {
  const templates = [rule({ remote_group_id: PARENT }), rule({ remote_group_id: 'other' }), rule({ protocol: 'tcp' })];
  const [own, other, none] = rulesFromTemplates(templates, 'g');
  assert.deepEqual([own?.remote_group_id, other?.remote_group_id, none?.remote_group_id], ['g', 'other', null]);
  assert.equal(none?.protocol, 'tcp');
});

test('the normalized prefix has no host bits, and is what makes two rules the same', () => {
  assert.equal(normalizedCidr('10.0.0.5/24'), '10.0.0.0/24');
  assert.equal(normalizedCidr('fd00::5/64'), 'fd00::/64');
  assert.equal(normalizedCidr(null), null);
  assert.equal(ruleKey(rule({ remote_ip_prefix: '10.0.0.5/24' })), ruleKey(rule({ remote_ip_prefix: '10.0.0.0/24' })));
});

test('stateful and stateless groups cannot be together', () => {
  checkGroupsTogether([{ stateful: true }, { stateful: true }]);
  assert.throws(() => checkGroupsTogether([{ stateful: true }, { stateful: false }]), {
    type: 'SecurityGroupConflict',
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setName } from './names.ts';
import { type GroupRule, groupRule } from './security.ts';

const id = '9f2d3b1c-0a4e-4a57-8f0b-2f1f6f1d7c11';
const rule = (changes: Partial<GroupRule>): GroupRule => ({
  id: 'rule',
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

test('a rule that refers to an address group matches its set, as one that refers to a security group does', () => {
  assert.equal(setName(id, 4), 'NIPv49f2d3b1c-0a4e-4a57-8f0b-2');
  for (const remote of [{ remote_address_group_id: id }, { remote_group_id: id }]) {
    const incoming = groupRule(rule({ ...remote, protocol: 'tcp', port_range_min: 22, port_range_max: 22 }), 4);
    assert.equal(incoming, '-p tcp -m tcp --dport 22 -m set --match-set NIPv49f2d3b1c-0a4e-4a57-8f0b-2 src -j RETURN');
    const outgoing = groupRule(rule({ ...remote, direction: 'egress', ethertype: 'IPv6' }), 6);
    assert.equal(outgoing, '-m set --match-set NIPv69f2d3b1c-0a4e-4a57-8f0b-2 dst -j RETURN');
  }
  assert.equal(groupRule(rule({}), 4), '-j RETURN');
});

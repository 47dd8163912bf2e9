import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent, floatingip, network, port, router, securityGroup, subnet } from '../model/index.ts';
import { dependsOnNetwork, forbiddenField, holds, mayActFor, ruleName, type Subject, sees } from './policy.ts';
import { granted } from './sharing.ts';
import { seesOwn, visibleRows } from './visibility.ts';

const subject = (projectId: string, ...roles: string[]): Subject => ({
  projectId,
  roles,
  isAdmin: roles.includes('admin'),
});
const admin = subject('a', 'admin');
const member = subject('p', 'member');
const reader = subject('p', 'reader');
const nobody = subject('p', 'auditor');
const unscoped = subject('', 'member');

test('roles hold within the owning project; an administrator has them all', () => {
  const own = { projectId: 'p', networkProjectId: 'q' };
  const table: [Subject, boolean[]][] = [
    [admin, [true, true, true, true]],
    [member, [true, true, false, false]],
    [reader, [true, false, false, false]],
    [nobody, [false, false, false, false]],
    [unscoped, [false, false, false, false]],
    [subject('q', 'member'), [false, false, true, false]],
  ];
  for (const [who, expected] of table) {
    const roles = ['reader', 'member', 'network_owner', 'admin'] as const;
    assert.deepEqual(
      roles.map((role) => holds(who, role, own)),
      expected,
      JSON.stringify(who),
    );
  }
  assert.equal(holds(unscoped, 'member', { projectId: '' }), false, 'nobody owns what is of no project');
});

test('a field is forbidden to those who lack its role, by the name of its rule', () => {
  const row = { projectId: 'p', networkProjectId: 'q' };
  const rule = (values: object, who = member, owners = row) =>
    forbiddenField(who, port, 'create', values as Record<string, unknown>, owners);
  assert.equal(rule({ name: 'x' }), undefined);
  assert.equal(rule({ 'binding:host_id': 'h' }), '(rule:create_port and rule:create_port:binding:host_id)');
  assert.equal(rule({ 'binding:host_id': 'h' }, admin), undefined);
  assert.equal(rule({ mac_address: 'm' }), '(rule:create_port and rule:create_port:mac_address)');
  assert.equal(rule({ mac_address: 'm' }, member, { ...row, networkProjectId: 'p' }), undefined);
  assert.equal(rule({ device_owner: 'network:dhcp' }), '(rule:create_port and rule:create_port:device_owner)');
  assert.equal(rule({ device_owner: 'network:dhcp' }, member, { ...row, networkProjectId: 'p' }), undefined);
  assert.equal(rule({ device_owner: 'compute:nova' }), undefined);
  assert.equal(rule({ fixed_ips: [{ subnet_id: 's' }] }), undefined);
  assert.match(rule({ fixed_ips: [{ ip_address: 'i' }] }) ?? '', /create_port:fixed_ips:ip_address\)/);
});

test('members of an object have roles of their own, and managers do more than members', () => {
  const manager = subject('p', 'manager');
  const gateway = (info: object, who = member) =>
    forbiddenField(who, router, 'update', { external_gateway_info: info }, { projectId: 'p' });
  assert.equal(gateway({ network_id: 'n' }), undefined);
  assert.match(
    gateway({ network_id: 'n', enable_snat: false }) ?? '',
    /update_router:external_gateway_info:enable_snat/,
  );
  assert.match(gateway({ network_id: 'n', external_fixed_ips: [] }) ?? '', /external_gateway_info:external_fixed_ips/);
  assert.equal(gateway({ network_id: 'n', enable_snat: false }, admin), undefined);
  const address = (who: Subject) =>
    forbiddenField(who, floatingip, 'create', { floating_ip_address: 'i' }, { projectId: 'p' });
  assert.deepEqual([address(member) !== undefined, address(manager)], [true, undefined]);
  const mac = (who: Subject, networkProjectId: string) =>
    forbiddenField(who, port, 'update', { mac_address: 'm' }, { projectId: 'p', networkProjectId });
  assert.deepEqual([mac(member, 'p') !== undefined, mac(manager, 'q') !== undefined], [true, true]);
  assert.equal(mac(manager, 'p'), undefined);
  assert.equal(dependsOnNetwork(manager, port, 'update', { mac_address: 'm' }), true);
});

test('only verdicts on some fields need the owner of the network', () => {
  assert.equal(dependsOnNetwork(member, port, 'create', { mac_address: 'm' }), true);
  assert.equal(dependsOnNetwork(member, port, 'create', { name: 'x' }), false);
  assert.equal(dependsOnNetwork(member, port, 'update', { fixed_ips: [{ ip_address: 'i' }] }), true);
  assert.equal(dependsOnNetwork(admin, port, 'create', { mac_address: 'm' }), false);
});

test('fields are shown by role, projects are acted for by their own', () => {
  assert.equal(sees(member, 'admin'), false);
  assert.equal(sees(member, undefined), true);
  assert.equal(sees(admin, 'admin'), true);
  assert.equal(mayActFor(member, 'p'), true);
  assert.equal(mayActFor(member, 'q'), false);
  assert.equal(mayActFor(unscoped, ''), false);
  assert.equal(ruleName('create', port), 'rule:create_port');
});

test('visible is what is own, and what the model lets others see', () => {
  const own = { op: 'in', column: 'project_id', values: ['p'] };
  assert.equal(visibleRows(network, admin), 'all');
  assert.equal(visibleRows(agent, member), 'none');
  assert.equal(visibleRows(network, nobody), 'none');
  assert.equal(visibleRows(network, unscoped), 'none');
  assert.deepEqual(visibleRows(router, reader), own);
  const group = granted(securityGroup, 'p', ['access_as_shared']);
  assert.deepEqual(visibleRows(securityGroup, reader), { op: 'or', of: [own, group] });
  const opened = granted(network, 'p', ['access_as_shared', 'access_as_external']);
  assert.deepEqual(visibleRows(network, reader), { op: 'or', of: [own, opened] });
  const among = (where: object) => ({ op: 'among', column: 'network_id', record: 'network', select: 'id', where });
  assert.deepEqual(visibleRows(port, member), { op: 'or', of: [own, among(own)] });
  const networks = { op: 'or', of: [own, opened] };
  assert.deepEqual(visibleRows(subnet, member), { op: 'or', of: [own, among(networks)] });
  assert.equal(seesOwn(network, reader, { project_id: 'p' }), true);
  assert.equal(seesOwn(network, reader, { project_id: 'q' }), false);
  assert.equal(seesOwn(agent, member, {}), false);
});

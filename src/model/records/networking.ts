/** Tables of the Networking service that clients do not see as such. */
import { field, record } from '../language.ts';
import * as t from '../types.ts';

/** A fixed address in use. The key is what keeps an address from being handed out twice. */
export const ipAllocation = record({
  name: 'ip_allocation',
  plural: 'ip_allocations',
  doc: 'A fixed address in use.',
  key: ['subnet_id', 'ip_address'],
  indexes: [['port_id'], ['network_id', 'ip_address']],
  fields: {
    subnet_id: field(t.uuid(), 'The subnet.', { references: { record: 'subnet', onDelete: 'restrict' } }),
    ip_address: field(t.ip(), 'The address.'),
    network_id: field(t.uuid(), 'The network of the subnet.'),
    port_id: field(t.uuid(), 'The port that has it.', { references: { record: 'port', onDelete: 'cascade' } }),
  },
});

/** A port's membership in a security group. */
export const portSecurityGroup = record({
  name: 'port_security_group',
  plural: 'port_security_groups',
  doc: "A port's membership in a security group.",
  key: ['port_id', 'security_group_id'],
  indexes: [['security_group_id']],
  fields: {
    port_id: field(t.uuid(), 'The port.', { references: { record: 'port', onDelete: 'cascade' } }),
    security_group_id: field(t.uuid(), 'The group.', {
      references: { record: 'security_group', onDelete: 'restrict' },
    }),
  },
});

/** A default security group exists once in each project: the key sees to it. */
export const defaultSecurityGroup = record({
  name: 'default_security_group',
  plural: 'default_security_groups',
  doc: "Which group is a project's default one.",
  key: ['project_id'],
  indexes: [['security_group_id']],
  fields: {
    project_id: field(t.string(255), 'The project.'),
    security_group_id: field(t.uuid(), 'The group.', { references: { record: 'security_group', onDelete: 'cascade' } }),
  },
});

/** A default QoS policy exists at most once in each project: the key sees to it. */
export const qosDefaultPolicy = record({
  name: 'qos_default_policy',
  plural: 'qos_default_policies',
  doc: 'Which QoS policy new networks of a project have.',
  key: ['project_id'],
  indexes: [['qos_policy_id']],
  fields: {
    project_id: field(t.string(255), 'The project.'),
    qos_policy_id: field(t.uuid(), 'The policy.', { references: { record: 'policy', onDelete: 'cascade' } }),
  },
});

/** A port whose frames travel through another one with a tag. It is so in one trunk, and no two have one tag. */
export const trunkSubport = record({
  name: 'trunk_subport',
  plural: 'trunk_subports',
  doc: 'A port whose frames travel through the parent port of a trunk.',
  key: ['port_id'],
  unique: [['trunk_id', 'segmentation_type', 'segmentation_id']],
  fields: {
    port_id: field(t.uuid(), 'The port.', { references: { record: 'port', onDelete: 'cascade' } }),
    trunk_id: field(t.uuid(), 'The trunk.', { references: { record: 'trunk', onDelete: 'cascade' } }),
    segmentation_type: field(t.string(32), 'How its frames are marked.'),
    segmentation_id: field(t.integer(0, 4294967295), 'With which number.'),
  },
});

/** A limit that an administrator set for a project. */
export const quotaLimit = record({
  name: 'quota_limit',
  plural: 'quota_limits',
  doc: 'A limit that an administrator set for a project.',
  key: ['project_id', 'resource'],
  fields: {
    project_id: field(t.string(255), 'The project.'),
    resource: field(t.string(64), 'The name of the resource.'),
    limit: field(t.integer(-1, 2147483647), 'The limit; -1: none.'),
  },
});

/** How many rows of a resource a project has: kept by the store with every insert and delete. */
export const quotaUsage = record({
  name: 'quota_usage',
  plural: 'quota_usages',
  doc: 'How many rows of a resource a project has.',
  key: ['project_id', 'resource'],
  fields: {
    project_id: field(t.string(255), 'The project.'),
    resource: field(t.string(64), 'The name of the resource.'),
    used: field(t.integer(0, 2147483647), 'How many.'),
  },
});

/** Which host carries a router. */
export const routerBinding = record({
  name: 'router_binding',
  plural: 'router_bindings',
  doc: 'Which L3 agent carries a router.',
  key: ['router_id'],
  indexes: [['host'], ['agent_id']],
  fields: {
    router_id: field(t.uuid(), 'The router.', { references: { record: 'router', onDelete: 'cascade' } }),
    agent_id: field(t.uuid(), 'The L3 agent.', { references: { record: 'agent', onDelete: 'cascade' } }),
    host: field(t.string(255), 'Its host.'),
  },
});

/** Which hosts serve DHCP on a network. */
export const dhcpBinding = record({
  name: 'dhcp_binding',
  plural: 'dhcp_bindings',
  doc: 'Which DHCP agents serve a network.',
  key: ['network_id', 'agent_id'],
  indexes: [['host'], ['agent_id']],
  fields: {
    network_id: field(t.uuid(), 'The network.', { references: { record: 'network', onDelete: 'cascade' } }),
    agent_id: field(t.uuid(), 'The DHCP agent.', { references: { record: 'agent', onDelete: 'cascade' } }),
    host: field(t.string(255), 'Its host.'),
    port_id: field(t.nullable(t.uuid()), 'The port of the DHCP service; null while there is nothing to serve.'),
  },
});

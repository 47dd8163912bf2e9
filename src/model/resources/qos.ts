/** QoS policies and the rules in them (neutron_lib/api/definitions/qos*.py). */
import { bareResource, field, resource, sharedField } from '../language.ts';
import * as t from '../types.ts';

const MAX_INTEGER = 2147483647;

/** The marks that a DSCP rule may set (neutron_lib.constants.VALID_DSCP_MARKS). */
export const dscpMarks = [0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 46, 48, 56] as const;

/** A named set of limits and marks. */
export const qosPolicy = resource({
  name: 'policy',
  plural: 'policies',
  alias: 'qos',
  path: '/qos/policies',
  doc: 'A QoS policy: rules on how fast, and how marked, the traffic of a port, network, floating IP or gateway is.',
  sight: ['shared'],
  policy: { get: 'reader', create: 'manager', update: 'manager', delete: 'manager' },
  fields: {
    name: field(t.string(255), 'A name for people.', {
      post: 'manager',
      put: 'manager',
      default: '',
      filter: true,
      sort: true,
    }),
    shared: sharedField('Whether an RBAC policy lets the caller, or everybody, use it.', {
      post: 'manager',
      put: 'manager',
    }),
    is_default: field(t.boolean(), 'Whether new networks of its project have it.', {
      post: 'manager',
      put: 'manager',
      default: false,
      filter: true,
      alias: 'qos-default',
    }),
    rules: field(t.list(t.anyObject()), 'Its rules, of every type.', { stored: false }),
  },
});

const parent = { resource: 'policy', field: 'qos_policy_id' } as const;
const rulePolicy = { get: 'reader', create: 'manager', update: 'manager', delete: 'manager' } as const;
const short = { get: 'reader', update: 'manager', delete: 'manager' } as const;
const writable = { post: 'manager', put: 'manager', filter: true, sort: true } as const;

const ids = {
  id: field(t.uuid(), 'The identifier.', { filter: true, sort: true }),
  project_id: field(t.string(255), 'The project of its policy.', { hidden: true }),
  qos_policy_id: field(t.uuid(), 'Its policy.', {
    hidden: true,
    references: { record: 'policy', onDelete: 'cascade' },
  }),
} as const;

const amount = (doc: string, options: { default?: number; required?: boolean }) =>
  field(t.integer(0, MAX_INTEGER), doc, { ...writable, ...options });

const required = { required: true } as const;
const direction = field(t.oneOf('ingress', 'egress'), 'Towards the port, or from it.', {
  ...writable,
  default: 'egress',
});

/** A limit of bandwidth. */
export const bandwidthLimitRule = bareResource({
  name: 'bandwidth_limit_rule',
  plural: 'bandwidth_limit_rules',
  alias: 'qos',
  path: '/qos/policies/{qos_policy_id}/bandwidth_limit_rules',
  parent,
  doc: 'The most that a port may receive or send.',
  policy: rulePolicy,
  unique: [['qos_policy_id', 'direction']],
  fields: {
    ...ids,
    max_kbps: amount('The limit, in kbit/s.', required),
    max_burst_kbps: amount('What may be exceeded for a moment, in kbit; 0: 80 % of the limit.', { default: 0 }),
    direction: { ...direction, alias: 'qos-bw-limit-direction' },
  },
});

/** A mark on packets. */
export const dscpMarkingRule = bareResource({
  name: 'dscp_marking_rule',
  plural: 'dscp_marking_rules',
  alias: 'qos',
  path: '/qos/policies/{qos_policy_id}/dscp_marking_rules',
  parent,
  doc: 'The DSCP mark of what a port sends.',
  policy: rulePolicy,
  unique: [['qos_policy_id']],
  fields: {
    ...ids,
    dscp_mark: field(t.oneNumberOf(...dscpMarks), 'The mark.', { ...writable, ...required }),
  },
});

/** A promise of bandwidth. */
export const minimumBandwidthRule = bareResource({
  name: 'minimum_bandwidth_rule',
  plural: 'minimum_bandwidth_rules',
  alias: 'qos',
  path: '/qos/policies/{qos_policy_id}/minimum_bandwidth_rules',
  parent,
  doc: 'The bandwidth that a port has at least.',
  policy: rulePolicy,
  unique: [['qos_policy_id', 'direction']],
  fields: { ...ids, min_kbps: amount('The bandwidth, in kbit/s.', required), direction },
});

/** A limit of packets. */
export const packetRateLimitRule = bareResource({
  name: 'packet_rate_limit_rule',
  plural: 'packet_rate_limit_rules',
  alias: 'qos-pps',
  path: '/qos/policies/{qos_policy_id}/packet_rate_limit_rules',
  parent,
  doc: 'The most packets that a port may receive or send.',
  policy: rulePolicy,
  unique: [['qos_policy_id', 'direction']],
  fields: {
    ...ids,
    max_kpps: amount('The limit, in thousand packets a second.', required),
    max_burst_kpps: amount('What may be exceeded for a moment, in thousand packets.', { default: 0 }),
    direction,
  },
});

/** A promise of packets. */
export const minimumPacketRateRule = bareResource({
  name: 'minimum_packet_rate_rule',
  plural: 'minimum_packet_rate_rules',
  alias: 'qos-pps-minimum',
  path: '/qos/policies/{qos_policy_id}/minimum_packet_rate_rules',
  parent,
  doc: 'The packets that a port can receive or send at least.',
  policy: rulePolicy,
  unique: [['qos_policy_id', 'direction']],
  fields: {
    ...ids,
    min_kpps: amount('The rate, in thousand packets a second.', required),
    direction: field(t.oneOf('ingress', 'egress', 'any'), 'Towards the port, from it, or both together.', {
      ...writable,
      default: 'egress',
    }),
  },
});

/** The short ways to a rule whose policy one does not know: no list, no creation. */
export const aliasBandwidthLimitRule = bareResource({
  ...bandwidthLimitRule,
  name: 'alias_bandwidth_limit_rule',
  plural: 'alias_bandwidth_limit_rules',
  alias: 'qos-rules-alias',
  path: '/qos/alias_bandwidth_limit_rules',
  doc: 'A bandwidth limit, found without its policy.',
  parent: undefined,
  policy: short,
  rowsOf: bandwidthLimitRule,
});

/** As above, for DSCP marks. */
export const aliasDscpMarkingRule = bareResource({
  ...dscpMarkingRule,
  name: 'alias_dscp_marking_rule',
  plural: 'alias_dscp_marking_rules',
  alias: 'qos-rules-alias',
  path: '/qos/alias_dscp_marking_rules',
  doc: 'A DSCP mark, found without its policy.',
  parent: undefined,
  policy: short,
  rowsOf: dscpMarkingRule,
});

/** As above, for minimum bandwidths. */
export const aliasMinimumBandwidthRule = bareResource({
  ...minimumBandwidthRule,
  name: 'alias_minimum_bandwidth_rule',
  plural: 'alias_minimum_bandwidth_rules',
  alias: 'qos-rules-alias',
  path: '/qos/alias_minimum_bandwidth_rules',
  doc: 'A minimum bandwidth, found without its policy.',
  parent: undefined,
  policy: short,
  rowsOf: minimumBandwidthRule,
});

/** As above, for minimum packet rates. */
export const aliasMinimumPacketRateRule = bareResource({
  ...minimumPacketRateRule,
  name: 'alias_minimum_packet_rate_rule',
  plural: 'alias_minimum_packet_rate_rules',
  alias: 'qos-pps-minimum-rule-alias',
  path: '/qos/alias_minimum_packet_rate_rules',
  doc: 'A minimum packet rate, found without its policy.',
  parent: undefined,
  policy: short,
  rowsOf: minimumPacketRateRule,
});

/** The rules of every type, each with its own table. */
export const qosRules = [
  bandwidthLimitRule,
  dscpMarkingRule,
  minimumBandwidthRule,
  packetRateLimitRule,
  minimumPacketRateRule,
] as const;

/** The short ways to them. */
export const qosRuleAliases = [
  aliasBandwidthLimitRule,
  aliasDscpMarkingRule,
  aliasMinimumBandwidthRule,
  aliasMinimumPacketRateRule,
] as const;

/** The policy of a port, network, floating IP or gateway. */
export const qosPolicyId = field(t.nullable(t.uuid()), 'Its QoS policy.', {
  post: 'member',
  put: 'member',
  default: null,
  references: { record: 'policy', onDelete: 'restrict' },
});

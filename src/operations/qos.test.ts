import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bandwidthLimitRule, type minimumBandwidthRule, qosDefaultPolicy, qosPolicy } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { floatingipOperations } from './floatingip.ts';
import { networkOperations } from './network.ts';
import { portOperations } from './port-operations.ts';
import { qosPolicyOperations } from './qos-policy.ts';
import { qosRuleOperations } from './qos-rule.ts';
import { routerOperations } from './router.ts';
import { admin, demo, openSmallCloud, other, refused, required } from './router-testing.ts';

type Policy = Row<typeof qosPolicy>;
let small: Awaited<ReturnType<typeof openSmallCloud>>;
before(async () => {
  small = await openSmallCloud();
});
after(() => small.cloud.close());

const act: typeof small.cloud.act = (caller, work) => small.cloud.act(caller, work);
const policy = (draft: Draft<typeof qosPolicy> = {}, caller = demo) =>
  act(caller, (c) => required(qosPolicyOperations.create)(c, draft));
const change = (row: Policy, changes: Partial<Policy>) =>
  act(demo, (c) => required(qosPolicyOperations.update)(c, row, changes));
const remove = (row: Policy) => act(demo, (c) => required(qosPolicyOperations.remove)(c, row));
const rule = (of: Policy, type: string, draft: object) =>
  act(demo, (c) =>
    required(required(qosRuleOperations[`${type}_rule`]).create)(
      c,
      { direction: 'egress', ...draft } as never,
      of as never,
    ),
  );
const shown = async (row: Policy) => {
  const [computed] = await small.cloud.read(async (r) =>
    required(qosPolicyOperations.compute)({ r, ...small.cloud, caller: demo }, [row]),
  );
  return computed?.rules ?? [];
};

test('a policy shows its rules of every type, and changes with them', async () => {
  const row = await policy({ name: 'gold' });
  assert.deepEqual(await shown(row), []);
  await rule(row, 'bandwidth_limit', { max_kbps: 1000, max_burst_kbps: 100 });
  await rule(row, 'dscp_marking', { dscp_mark: 26, direction: undefined });
  const rules = await shown(row);
  assert.deepEqual(
    rules.map(({ id: _id, ...rest }) => rest),
    [
      { qos_policy_id: row.id, max_kbps: 1000, max_burst_kbps: 100, direction: 'egress', type: 'bandwidth_limit' },
      { qos_policy_id: row.id, dscp_mark: 26, type: 'dscp_marking' },
    ],
  );
  const now = await small.cloud.read((r) => r.get(qosPolicy, row.id));
  assert.equal(now?.revision_number, row.revision_number + 2);
  await remove(row);
  assert.equal(await small.cloud.read((r) => r.count(bandwidthLimitRule, { qos_policy_id: row.id })), 0);
});

test('a rule stands once for each direction, and a minimum is not above the limit', async () => {
  const row = await policy();
  const limit = (await rule(row, 'bandwidth_limit', { max_kbps: 1000 })) as Row<typeof bandwidthLimitRule>;
  await refused(
    rule(row, 'bandwidth_limit', { max_kbps: 5 }),
    409,
    'QoSRulesConflict',
    `Rule bandwidth_limit conflicts with rule ${limit.id} which already exists in QoS Policy ${row.id}.`,
  );
  await rule(row, 'bandwidth_limit', { max_kbps: 5, direction: 'ingress' });
  await refused(
    rule(row, 'minimum_bandwidth', { min_kbps: 1001 }),
    409,
    'QoSRuleParameterConflict',
    `Unable to add the rule with value 1001 to the policy ${row.id} as the existing rule of type bandwidth_limit has value 1000.`,
  );
  const minimum = (await rule(row, 'minimum_bandwidth', { min_kbps: 1000 })) as Row<typeof minimumBandwidthRule>;
  const update = required(required(qosRuleOperations.bandwidth_limit_rule).update);
  await refused(
    act(demo, (c) => update(c, limit as never, { max_kbps: 999 } as never)),
    409,
    'QoSRuleParameterConflict',
    /value 999 .* minimum_bandwidth has value 1000/,
  );
  await act(demo, (c) => update(c, limit as never, { max_kbps: 2000 } as never));
  await refused(
    act(demo, (c) => update(c, limit as never, { direction: 'ingress' } as never)),
    409,
    'QoSRulesConflict',
    /bandwidth_limit conflicts/,
  );
  await rule(row, 'minimum_packet_rate', { min_kpps: 1, direction: 'any' });
  await refused(rule(row, 'minimum_packet_rate', { min_kpps: 1 }), 409, 'QoSRuleParameterConflict', /has value any\.$/);
  await act(demo, (c) => required(required(qosRuleOperations.minimum_bandwidth_rule).remove)(c, minimum as never));
  assert.equal((await shown(row)).length, 3);
});

test('a project has one default policy, which its new networks get', async () => {
  const row = await policy({ is_default: true });
  await refused(
    policy({ is_default: true }),
    409,
    'QoSPolicyDefaultAlreadyExists',
    'A default QoS policy exists for project p-demo.',
  );
  await change(row, { is_default: true });
  const network = await small.cloud.network(demo);
  assert.equal(network.qos_policy_id, row.id);
  assert.equal((await small.cloud.network(other)).qos_policy_id, null);
  await change(row, { is_default: false });
  assert.equal(await small.cloud.read((r) => r.count(qosDefaultPolicy, { project_id: 'p-demo' })), 0);
  assert.equal((await small.cloud.network(demo)).qos_policy_id, null);
  await act(demo, (c) => required(networkOperations.remove)(c, network));
  await remove(row);
});

test('what has a policy keeps it from being deleted, and is named', async () => {
  const row = await policy();
  const { cloud, inside, outside, router } = small;
  const inUse = (kind: string, id: string) =>
    refused(remove(row), 409, 'QosPolicyInUse', `QoS Policy ${row.id} is used by ${kind} ${id}.`);

  const port = await cloud.port(demo, inside.id, { qos_policy_id: row.id });
  await inUse('port', port.id);
  await act(demo, (c) => required(portOperations.update)(c, port, { qos_policy_id: null }));

  const network = await cloud.network(demo, { qos_policy_id: row.id });
  const onIt = await cloud.port(demo, network.id);
  const computed = await cloud.read((r) =>
    required(portOperations.compute)({ r, ...cloud, caller: demo }, [onIt, port]),
  );
  assert.deepEqual(
    computed.map((one) => one.qos_network_policy_id),
    [row.id, null],
  );
  await inUse('network', network.id);
  await act(demo, (c) => required(networkOperations.update)(c, network, { qos_policy_id: null }));

  const fip = await cloud.floatingIp(demo, outside.id, { qos_policy_id: row.id });
  await inUse('fip', fip.id);
  await act(demo, (c) => required(floatingipOperations.update)(c, fip, { qos_policy_id: null }));

  const gateway = (info: object) =>
    act(demo, async (c) => {
      const now = required(await c.t.get(routerOperations.resource, router.id));
      return required(routerOperations.update)(c, now, {
        external_gateway_info: { network_id: outside.id, ...info },
      });
    });
  const connected = await gateway({ qos_policy_id: row.id });
  assert.equal(connected.external_gateway_info?.qos_policy_id, row.id);
  assert.equal((await gateway({})).gw_qos_policy_id, row.id, 'left out of a request it stays');
  await inUse('router', router.id);
  const freed = await gateway({ qos_policy_id: null });
  assert.equal('qos_policy_id' in (freed.external_gateway_info ?? {}), false);
  await remove(row);
});

test('a policy of another project is not there unless it is shared', async () => {
  const foreign = await policy({}, other);
  const shared = await policy({ shared: true }, other);
  const missing = `QoS policy ${foreign.id} could not be found.`;
  const { cloud, inside, outside } = small;
  await refused(cloud.port(demo, inside.id, { qos_policy_id: foreign.id }), 404, 'QosPolicyNotFound', missing);
  await refused(cloud.network(demo, { qos_policy_id: foreign.id }), 404, 'QosPolicyNotFound', missing);
  await refused(cloud.floatingIp(demo, outside.id, { qos_policy_id: foreign.id }), 404, 'QosPolicyNotFound', missing);
  const port = await cloud.port(demo, inside.id, { qos_policy_id: shared.id });
  assert.equal(port.qos_policy_id, shared.id);
  const given = await act(admin, (c) => required(portOperations.update)(c, port, { qos_policy_id: foreign.id }));
  await refused(
    act(demo, (c) => required(portOperations.update)(c, given, { qos_policy_id: null })),
    403,
    'PolicyRemoveAuthorizationError',
    `Failed to remove provided policy ${foreign.id} because you are not authorized.`,
  );
});

test('a rule that the driver does not have is refused where a port or network would have it', async () => {
  const row = await policy();
  const port = await small.cloud.port(demo, small.inside.id, { qos_policy_id: row.id });
  await refused(
    rule(row, 'minimum_bandwidth', { min_kbps: 5 }),
    409,
    'QosRuleNotSupported',
    `Rule minimum_bandwidth is not supported by port ${port.id}`,
  );
  await rule(row, 'bandwidth_limit', { max_kbps: 5 });
  const packets = await policy();
  await rule(packets, 'packet_rate_limit', { max_kpps: 5, max_burst_kpps: 0 });
  await refused(
    small.cloud.network(demo, { qos_policy_id: packets.id }),
    409,
    'QosRuleNotSupportedByNetwork',
    /^Rule packet_rate_limit is not supported by network /,
  );
  await refused(
    act(demo, (c) => required(portOperations.update)(c, port, { qos_policy_id: packets.id })),
    409,
    'QosRuleNotSupported',
    /packet_rate_limit/,
  );
});

/** Whatever is sent for a field of whatever resource: a 4xx that names the field, or a success; never a 500. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { resources } from '../../model/index.ts';
import type { Resource } from '../../model/language.ts';
import { Problem } from '../../model/types.ts';
import { agentReport } from '../../operations/router-testing.ts';
import { extensions } from '../../rules/extensions.ts';
import { type Answer, behindNdpProxies, secrets, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
/** One row of each resource, and a body that makes another. */
const rows = new Map<string, { readonly url: string; readonly base: object }>();

async function make(resource: string, path: string, base: object): Promise<Answer['body']> {
  const answer = await api.ask(api.admin, 'POST', path, { [resource]: base });
  assert.equal(answer.status, 201, answer.text);
  const row = answer.body[resource];
  rows.set(resource, { url: `${path}/${row.id ?? row.host ?? row.fixed_port_id}`, base });
  return row;
}

before(async () => {
  const unlimited = Object.fromEntries(resources.map((resource) => [resource.name, -1]));
  const everything = [...new Set(extensions.flatMap((extension) => extension.needs))];
  api = await startTestApi({ quotas: unlimited, servicePlugins: everything, extensionDrivers: everything });
  const outside = await make('network', '/v2.0/networks', { 'router:external': true });
  await make('subnet', '/v2.0/subnets', { network_id: outside.id, ip_version: 4, cidr: '203.0.113.0/24' });
  const network_id = (await make('network', '/v2.0/networks', { name: 'inside' })).id;
  const subnet = await make('subnet', '/v2.0/subnets', { network_id, ip_version: 4, cidr: '10.0.0.0/16' });
  const elsewhere = await make('network', '/v2.0/networks', { name: 'elsewhere' });
  await make('segment', '/v2.0/segments', { network_id: elsewhere.id, network_type: 'vxlan' });
  const router = await make('router', '/v2.0/routers', { external_gateway_info: { network_id: outside.id } });
  await api.ask(api.admin, 'PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const helper = { protocol: 'tcp', port: 21, helper: 'ftp' };
  await make('conntrack_helper', `/v2.0/routers/${router.id}/conntrack_helpers`, helper);
  const proxied = await behindNdpProxies(api);
  const inner = await make('port', '/v2.0/ports', { network_id: proxied.network_id });
  await make('ndp_proxy', '/v2.0/ndp_proxies', { router_id: proxied.router_id, port_id: inner.id });
  plausible.push(proxied.router_id, inner.id, inner.fixed_ips[0].ip_address);
  const port = await make('port', '/v2.0/ports', { network_id });
  await api.ask(secrets.agent, 'POST', '/agent/v1/hosts/left', agentReport(null));
  const moving = await make('port', '/v2.0/ports', { network_id, device_owner: 'compute:nova' });
  await make('binding', `/v2.0/ports/${moving.id}/bindings`, { host: 'left' });
  const group = await make('security_group', '/v2.0/security-groups', { name: 'group' });
  const address_scope_id = (await make('address_scope', '/v2.0/address-scopes', { ip_version: 4 })).id;
  const prefixes = ['172.16.0.0/12'];
  const pool = await make('subnetpool', '/v2.0/subnetpools', { name: 'pool', prefixes, address_scope_id });
  plausible.push(address_scope_id, pool.id, 24, '24', prefixes, ['10.0.0.0/8', 'fd00::/8'], ['compute:nova']);
  await make('address_group', '/v2.0/address-groups', { addresses: ['10.0.0.0/8'] });
  const rule = { security_group_id: group.id, direction: 'ingress' };
  await make('security_group_rule', '/v2.0/security-group-rules', { ...rule, protocol: 'tcp' });
  await make('segment', '/v2.0/segments', { network_id, network_type: 'vxlan' });
  const range = { network_type: 'vxlan', minimum: 5000, maximum: 5009, shared: false };
  await make('network_segment_range', '/v2.0/network_segment_ranges', range);
  await make('flavor', '/v2.0/flavors', { service_type: 'L3_ROUTER_NAT' });
  await make('service_profile', '/v2.0/service_profiles', { metainfo: 'x' });
  const fip = await make('floatingip', '/v2.0/floatingips', { floating_network_id: outside.id });
  const inside = { internal_port_id: port.id, internal_ip_address: port.fixed_ips[0].ip_address };
  const forwarding = { ...inside, protocol: 'tcp', internal_port: 80, external_port: 8080 };
  await make('port_forwarding', `/v2.0/floatingips/${fip.id}/port_forwardings`, forwarding);
  const local = await make('local_ip', '/v2.0/local_ips', { network_id });
  await make('port_association', `/v2.0/local_ips/${local.id}/port_associations`, { fixed_port_id: port.id });
  const parent = await make('port', '/v2.0/ports', { network_id });
  await make('trunk', '/v2.0/trunks', { port_id: parent.id });
  await make('default_security_group_rule', '/v2.0/default-security-group-rules', {
    direction: 'ingress',
    protocol: 'tcp',
  });
  const statefulness = 'security_groups_default_statefulness';
  await make(statefulness, '/v2.0/security-groups-default-statefulness', {});
  const label = await make('metering_label', '/v2.0/metering/metering-labels', {});
  const counted = { metering_label_id: label.id, direction: 'ingress', source_ip_prefix: '10.0.0.0/24' };
  await make('metering_label_rule', '/v2.0/metering/metering-label-rules', counted);
  const policy = await make('policy', '/v2.0/qos/policies', { name: 'policy' });
  const rules = {
    bandwidth_limit_rule: { max_kbps: 5 },
    dscp_marking_rule: { dscp_mark: 8 },
    minimum_bandwidth_rule: { min_kbps: 5 },
    packet_rate_limit_rule: { max_kpps: 5 },
    minimum_packet_rate_rule: { min_kpps: 5 },
  };
  for (const [name, rule] of Object.entries(rules)) await make(name, `/v2.0/qos/policies/${policy.id}/${name}s`, rule);
  const sharing = { object_type: 'network', object_id: network_id, action: 'access_as_shared' };
  await make('rbac_policy', '/v2.0/rbac-policies', { ...sharing, target_tenant: '*' });
  plausible.push(policy.id, outside.id, network_id, subnet.id, router.id, port.id, group.id, fip.id);
});
after(() => api.close());

/** Values that some field takes: the more of them, the deeper a request gets. */
const plausible: unknown[] = [
  'tcp',
  'icmp',
  'ingress',
  'IPv6',
  'vlan',
  'flat',
  'public',
  80,
  4,
  6,
  1500,
  70,
  '1:5',
  '80:90',
  '10.0.0.9',
  '10.0.0.0/24',
  'fd00::1',
  'fd00::/64',
  'slaac',
  'compute:nova',
  'network:dhcp',
  'fa:16:3e:00:00:09',
  [{ ip_address: '10.0.0.7' }],
  [{}],
  [{ ip_address: '10.0.0.0/8' }],
  [{ start: '10.0.0.9', end: '10.0.0.2' }],
  [{ destination: '0.0.0.0/0', nexthop: '10.0.0.1' }],
  [{ destination: '::/0', nexthop: '10.0.0.1' }],
];

const id = '00000000-0000-4000-8000-000000000000';
const pathOf = (resource: Resource) => `/v2.0${resource.path.replace(/\{\w+\}/, id)}`;

/** Values that many fields refuse, and some that they may take. */
const nasty = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    2 ** 53,
    true,
    [],
    {},
    'x'.repeat(5000),
    'a\u0000b',
    '\ud800',
    '\u202e',
  ),
  fc.constantFrom<unknown>(
    Array(2000).fill('a'),
    { a: { b: { c: { d: {} } } } },
    [[[[[[]]]]]],
    { constructor: 1 },
    'NaN',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const likely = fc.nat().map((at) => plausible[at % plausible.length]);
const anything = fc.oneof({ weight: 3, arbitrary: likely }, { weight: 1, arbitrary: nasty });

function checkRefusal(answer: Answer, text: string): void {
  assert.notEqual(answer.status, 500, `${text}: ${answer.status} ${answer.text}`);
  if (answer.status < 400) return;
  const fault = answer.body?.NeutronError;
  assert.equal(typeof fault?.type, 'string', `${text}: ${answer.text}`);
  assert.ok(fault.message.length > 0 && fault.message.length < 2000);
}

for (const resource of resources.filter((one) => one.policy.create)) {
  test(`a body of any shape for ${resource.name} is never a 500`, async () => {
    const names = Object.keys(resource.fields);
    const name = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...names) },
      { weight: 1, arbitrary: fc.constantFrom('tenant_id', '', 'constructor', 'toString', 'x') },
    );
    const body = fc.dictionary(name, anything, { maxKeys: 3 });
    const { url, base } = rows.get(resource.name) ?? { url: '', base: {} };
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom('create', 'bulk', 'update'), async (fields, kind) => {
        const whole = { ...base, ...fields };
        const payload =
          kind === 'bulk'
            ? { [resource.plural]: [whole, whole] }
            : { [resource.name]: kind === 'update' ? fields : whole };
        const answer = await api.ask(
          api.admin,
          kind === 'update' ? 'PUT' : 'POST',
          kind === 'update' ? url : url.replace(/\/[^/]*$/, ''),
          payload,
        );
        checkRefusal(answer, JSON.stringify(payload));
      }),
      { numRuns: 150 },
    );
  });

  test(`a value that a field of ${resource.name} refuses is a 400 that names the field`, async () => {
    const fields = Object.entries(resource.fields).filter(([, field]) => field.post && !field.hidden);
    const required = Object.fromEntries(fields.filter(([, field]) => field.required).map(([name]) => [name, id]));
    for (const [name, field] of fields.filter(([one]) => one !== 'project_id')) {
      await fc.assert(
        fc.asyncProperty(nasty, async (value) => {
          // As it arrives: JSON has no undefined and no -0.
          const text = JSON.stringify(value);
          fc.pre(!text.includes('"__proto__"') && field.type.parse(JSON.parse(text)) instanceof Problem);
          // The other required fields come after it, so that it is the first that is read.
          const body = { [resource.name]: { [name]: value, ...required, ...{ [name]: value } } };
          const answer = await api.ask(api.admin, 'POST', pathOf(resource), body);
          assert.equal(answer.status, 400, `${name}: ${answer.text}`);
          assert.ok(answer.body.NeutronError.message.startsWith(`Invalid input for ${name}`), answer.text);
          assert.match(answer.body.NeutronError.message, /expected .*, found /s);
        }),
        { numRuns: 12 },
      );
    }
  });
}

test('a query of any shape is never a 500', async () => {
  const parameters = resources.flatMap((resource) => [...Object.keys(resource.fields), ...resource.specialFilters]);
  const others = ['sort_key', 'sort_dir', 'limit', 'marker', 'fields', 'page_reverse', 'changed_since', '__proto__'];
  const pair = fc.tuple(
    fc.constantFrom(...new Set([...parameters, ...others])),
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('', 'true', '1', id, 'asc', 'name', 'id', 'ip_address=', 'subnet_id=x', '%', '\\', "'", 'null'),
    ),
  );
  const listed = fc.constantFrom(...resources.filter((resource) => !resource.parent));
  await fc.assert(
    fc.asyncProperty(listed, fc.array(pair, { maxLength: 4 }), async (resource, pairs) => {
      const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value.toWellFormed()]));
      checkRefusal(await api.ask(api.admin, 'GET', `${pathOf(resource)}?${query}`), String(query));
    }),
    { numRuns: 300 },
  );
});

test('bytes of any kind are never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      checkRefusal(await api.ask(api.admin, 'POST', '/v2.0/networks', Buffer.from(bytes)), String(bytes));
    }),
    { numRuns: 100 },
  );
});

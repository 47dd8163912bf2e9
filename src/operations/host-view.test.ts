import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../model/faults.ts';
import type { HostKey, HostObject } from '../model/host-objects.ts';
import {
  addressGroup,
  agent,
  dhcpBinding,
  floatingip,
  network,
  port,
  portForwarding,
  router,
  routerBinding,
  securityGroup,
  securityGroupRule,
  segment,
  subnet,
} from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { applyAgentReport } from './agent.ts';
import {
  addNetworkToAgent,
  addRouterToAgent,
  removeNetworkFromAgent,
  removeRouterFromAgent,
} from './agent-scheduling.ts';
import type { Context } from './context.ts';
import { hostObject, hostObjectKeys, openHostView } from './host-view.ts';
import {
  behindNdpProxies,
  changeAddresses,
  type Doing,
  localIpActs,
  meteringActs,
  NothingThere,
  ndpActs,
  of,
  Picks,
  qosActs,
  referredGroup,
  remove,
  trunkActs,
  update,
} from './host-view-testing.ts';
import { addInterface, removeInterface } from './router-interface.ts';
import { admin, agentReport, type Cloud, demo, openCloud } from './router-testing.ts';

const hosts = ['alpha', 'beta', 'gamma'];
const driverOf = (host: string) => (host === 'gamma' ? 'linuxbridge' : 'openvswitch');

/** One random act: what, and numbers that it chooses rows and values by. */
interface Act {
  readonly what: keyof typeof acts;
  readonly n: readonly number[];
}

const groupIds = async (c: Context, pick: Picks) => pick.some(await c.t.find(securityGroup)).map((row) => row.id);
const pairs = (pick: Picks) => pick.some([{ ip_address: '10.0.0.200/32' }, { ip_address: '0.0.0.0/0' }]);

const prefixes = ['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', 'fd00::/8'];

/** A port that a floating IP stands for, or that a forwarding leads to. */
async function portLedTo(c: Context, pick: Picks): Promise<Row<typeof port>> {
  const whole = (await c.t.find(floatingip)).flatMap((row) => row.port_id ?? []);
  const single = (await c.t.find(portForwarding)).map((row) => row.internal_port_id);
  return pick.one(await c.t.find(port, { id: [...whole, ...single] }));
}

const acts = {
  createNetwork: (c, pick) =>
    of('network').create(
      c,
      pick.one([
        { project_id: 'p-demo' },
        { project_id: 'p-demo', port_security_enabled: false },
        { 'provider:network_type': 'vlan', 'provider:physical_network': 'public', 'provider:segmentation_id': 7 },
        { 'provider:network_type': 'flat', 'provider:physical_network': 'public', 'router:external': true },
        {
          segments: [
            { 'provider:network_type': 'vlan', 'provider:physical_network': 'left', 'provider:segmentation_id': 8 },
            { 'provider:network_type': 'vxlan', 'provider:segmentation_id': 9 },
          ],
        },
      ]),
    ),
  updateNetwork: update(network, (_c, pick) =>
    pick.one([{ mtu: 1400 }, { admin_state_up: false }, { admin_state_up: true }, { name: 'other' }]),
  ),
  removeNetwork: remove(network),
  createSegment: async (c, pick) =>
    of('segment').create(c, {
      network_id: (await pick.row(c, network)).id,
      network_type: pick.one(['vxlan', 'vlan']),
      physical_network: pick.one([null, 'left', 'public']),
    }),
  removeSegment: remove(segment),
  createSubnetOnSegment: async (c, pick) => {
    const on = await pick.row(c, segment);
    const draft = { network_id: on.network_id, segment_id: on.id, ip_version: 4, cidr: `10.9.${pick.number(9)}.0/24` };
    return of('subnet').create(c, { ...draft, enable_dhcp: pick.number(2) === 1 });
  },
  createSubnet: async (c, pick) =>
    of('subnet').create(c, {
      network_id: (await pick.row(c, network)).id,
      ip_version: 4,
      cidr: `10.0.${pick.number(4)}.0/24`,
      enable_dhcp: pick.number(3) > 0,
    }),
  createSubnet6: async (c, pick) =>
    of('subnet').create(c, {
      network_id: (await pick.row(c, network)).id,
      ip_version: 6,
      cidr: `fd00:${pick.number(4)}::/64`,
      ...pick.one([
        {},
        { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' },
        { ipv6_address_mode: 'dhcpv6-stateful', ipv6_ra_mode: 'dhcpv6-stateful' },
      ]),
    }),
  updateSubnet: update(subnet, (_c, pick) =>
    pick.one([
      { enable_dhcp: true },
      { enable_dhcp: false },
      { dns_nameservers: ['192.0.2.53'] },
      { gateway_ip: null },
      { name: 'other' },
    ]),
  ),
  removeSubnet: remove(subnet),
  createPort: async (c, pick) =>
    of('port').create(c, {
      project_id: 'p-demo',
      network_id: (await pick.row(c, network)).id,
      device_owner: 'compute:nova',
      'binding:host_id': pick.one(['', ...hosts]),
      ...(pick.number(2) ? { security_groups: await groupIds(c, pick), allowed_address_pairs: pairs(pick) } : {}),
    }),
  movePort: update(port, (_c, pick) => ({ 'binding:host_id': pick.one(['', ...hosts]) })),
  updatePort: update(port, async (c, pick) =>
    pick.one([
      { admin_state_up: false },
      { security_groups: await groupIds(c, pick) },
      { allowed_address_pairs: pairs(pick) },
      { port_security_enabled: false, security_groups: [], allowed_address_pairs: [] },
      { port_security_enabled: true },
      { fixed_ips: [] },
      { device_owner: 'network:local' },
      { device_owner: '' },
      { name: 'other' },
      { dns_name: 'web' },
      { extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: '192.0.2.9' }] },
      { extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: null }] },
    ]),
  ),
  readdressPort: update(port, async (c, pick) => ({ fixed_ips: [{ subnet_id: (await pick.row(c, subnet)).id }] })),
  removePort: remove(port),
  removeLedPort: async (c, pick) => of('port').remove(c, await portLedTo(c, pick)),
  readdressLedPort: async (c, pick) => of('port').update(c, await portLedTo(c, pick), { fixed_ips: [] }),
  createGroup: (c, pick) => of('security_group').create(c, { name: `group ${pick.number(9)}`, project_id: 'p-demo' }),
  updateGroup: update(securityGroup, (_c, pick) => pick.one([{ stateful: false }, { stateful: true }, { name: 'x' }])),
  removeGroup: remove(securityGroup),
  createRule: async (c, pick) =>
    of('security_group_rule').create(c, {
      security_group_id: (await pick.row(c, securityGroup)).id,
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: pick.one(['tcp', 'vrrp', null]),
      remote_group_id: (await pick.row(c, securityGroup)).id,
    }),
  removeRule: remove(securityGroupRule),
  createAddressGroup: (c, pick) =>
    of('address_group').create(c, { project_id: 'p-demo', addresses: pick.some(prefixes) }),
  addAddress: async (c, pick) => changeAddresses(c, 'add_addresses', await referredGroup(c, pick), pick.one(prefixes)),
  removeAddress: async (c, pick) =>
    changeAddresses(c, 'remove_addresses', await referredGroup(c, pick), pick.one(prefixes)),
  updateAddressGroup: update(addressGroup, () => ({ name: 'other' })),
  removeAddressGroup: remove(addressGroup),
  createRuleToAddresses: async (c, pick) =>
    of('security_group_rule').create(c, {
      security_group_id: (await pick.row(c, securityGroup)).id,
      direction: 'ingress',
      ethertype: pick.one(['IPv4', 'IPv6']),
      remote_address_group_id: (await pick.row(c, addressGroup)).id,
    }),
  createRouter: (c) => of('router').create(c, { project_id: 'p-demo' }),
  updateRouter: update(router, (_c, pick) =>
    pick.one([{ admin_state_up: false }, { admin_state_up: true }, { name: 'other' }, { external_gateway_info: null }]),
  ),
  setGateway: update(router, async (c, pick) => ({
    external_gateway_info: {
      network_id: pick.one(await c.t.find(network, { 'router:external': true })).id,
      enable_snat: pick.number(2) === 1,
    },
  })),
  setRoutes: update(router, (_c, pick) => ({
    routes: [{ destination: '192.0.2.0/24', nexthop: `10.0.${pick.number(4)}.77` }],
  })),
  removeRouter: remove(router),
  addInterface: async (c, pick) =>
    addInterface(c, await pick.row(c, router), { subnet_id: (await pick.row(c, subnet)).id }),
  addPort: async (c, pick) => addInterface(c, await pick.row(c, router), { port_id: (await pick.row(c, port)).id }),
  removeInterface: async (c, pick) => {
    const row = pick.one(await c.t.find(port, { device_owner: 'network:router_interface' }));
    const of_ = await c.t.get(router, row.device_id);
    return of_ && removeInterface(c, of_, { port_id: row.id });
  },
  createFloatingIp: async (c, pick) =>
    of('floatingip').create(c, {
      project_id: 'p-demo',
      floating_network_id: pick.one(await c.t.find(network, { 'router:external': true })).id,
    }),
  associate: update(floatingip, async (c, pick) => ({
    port_id: pick.one(await c.t.find(port, { project_id: 'p-demo', device_owner: 'compute:nova' })).id,
  })),
  disassociate: update(floatingip, () => ({ port_id: null })),
  removeFloatingIp: remove(floatingip),
  forward: async (c, pick) => {
    const fip = await pick.row(c, floatingip);
    const to = pick.one(await c.t.find(port, { project_id: 'p-demo', device_owner: 'compute:nova' }));
    const draft = {
      internal_port_id: to.id,
      internal_ip_address: to.fixed_ips[0]?.ip_address,
      protocol: 'tcp',
      external_port: 1 + pick.number(9),
      internal_port: 1 + pick.number(9),
    };
    return of('port_forwarding').create(c, draft, fip);
  },
  updateForwarding: update(portForwarding, (_c, pick) => ({ external_port: 1 + pick.number(9) })),
  removeForwarding: remove(portForwarding),
  removeAgent: remove(agent),
  addNetworkToAgent: async (c, pick) =>
    addNetworkToAgent(
      c,
      pick.one(await c.t.find(agent, { agent_type: 'DHCP agent' })).id,
      (await pick.row(c, network)).id,
    ),
  removeNetworkFromAgent: async (c, pick) => {
    const binding = await pick.row(c, dhcpBinding);
    return removeNetworkFromAgent(c, binding.agent_id, binding.network_id);
  },
  moveRouter: async (c, pick) => {
    const binding = await pick.row(c, routerBinding);
    await removeRouterFromAgent(c, binding.agent_id, binding.router_id);
    if (pick.number(3) === 0) return;
    const to = pick.one(await c.t.find(agent, { agent_type: 'L3 agent' }));
    await addRouterToAgent(c, to.id, binding.router_id);
  },
  report: (c, pick) => {
    const host = pick.one(hosts);
    return applyAgentReport(c, host, {
      ...agentReport(pick.one([null, '192.0.2.1', '192.0.2.99']), driverOf(host)),
      bridge_mappings: pick.one<Record<string, string>>([{ public: 'br-ex' }, { public: 'br-ex', left: 'br-left' }]),
    });
  },
  ...qosActs,
  ...localIpActs,
  ...ndpActs,
  ...trunkActs,
  ...meteringActs,
} satisfies Record<string, Doing>;

/** Acts that need much to be there before they come about. */
const oftener = [
  'createNdpProxy',
  'createNdpProxy',
  'forward',
  'associate',
  'givePolicyToPort',
  'givePolicyToPort',
  'moveParent',
  'addSubport',
  'associateLocalIp',
] as const;

type View = Map<HostKey, HostObject>;

/** What one host knows, kept as an agent keeps it: the objects named by the journal, and nothing else, are read anew. */
async function follow(
  hostView: ReturnType<typeof openHostView>,
  cloud: Cloud,
  view: View,
  host: string,
  since: number,
): Promise<number> {
  return cloud.read(async (r) => {
    const entries = await r.journal(since, 1000);
    for (const key of new Set(entries.flatMap((entry) => entry.keys))) {
      const object = await hostView.hostObject(r, cloud.settings, host, key);
      if (object) view.set(key, object);
      else view.delete(key);
    }
    return r.head();
  });
}

/** Everything that a host is to know, read at once. */
async function rebuild(cloud: Cloud, host: string): Promise<View> {
  return cloud.read(async (r) => {
    const view: View = new Map();
    for (const key of await hostObjectKeys(r, host)) {
      const object = await hostObject(r, cloud.settings, host, key);
      assert.ok(object, `${key} is among the keys of ${host}, and is no object of it`);
      view.set(key, object);
    }
    return view;
  });
}

const sorted = (view: View) => Object.fromEntries([...view].sort(([a], [b]) => (a < b ? -1 : 1)));

async function perform(cloud: Cloud, act: Act): Promise<boolean> {
  const asAdmin = { ...admin, projectId: demo.projectId };
  try {
    await cloud.act(asAdmin, (c) => (acts[act.what] as Doing)(c, new Picks(act.n), cloud));
    return true;
  } catch (error) {
    if (error instanceof Fault || error instanceof NothingThere) return false;
    throw error;
  }
}

/** A cloud that every sequence starts from, so that most acts find something to act on. */
const foundation: readonly Act[] = [
  { what: 'createNetwork', n: [0] },
  { what: 'createNetwork', n: [3] },
  { what: 'createNetwork', n: [0] },
  { what: 'createGroup', n: [1] },
  { what: 'createAddressGroup', n: [1] },
  { what: 'createRuleToAddresses', n: [0] },
  { what: 'createPolicy', n: [1] },
  { what: 'limitPolicy', n: [1] },
  { what: 'createLabel', n: [0, 0] },
  { what: 'createMeteringRule', n: [0] },
];

async function startUp(): Promise<Cloud> {
  const cloud = await openCloud();
  for (const [index, host] of hosts.entries())
    await cloud.host(host, index === 2 ? null : `192.0.2.${index + 1}`, driverOf(host));
  for (const act of foundation) assert.ok(await perform(cloud, act));
  const [external] = await cloud.read((r) => r.find(network, { 'router:external': true }));
  const inside = await cloud.read((r) => r.find(network, { 'router:external': false }));
  await cloud.subnet(admin, external?.id ?? '', '203.0.113.0/24');
  for (const [index, row] of inside.entries()) {
    await cloud.subnet(admin, row.id, `10.0.${index}.0/24`, { enable_dhcp: index === 0 });
    const made = await cloud.router(admin, { external_gateway_info: { network_id: external?.id ?? '' } });
    const [on] = await cloud.read((r) => r.find(subnet, { network_id: row.id }));
    await cloud.attach(admin, made, { subnet_id: on?.id });
    await cloud.floatingIp(admin, external?.id ?? '', { project_id: 'p-demo' });
  }
  await cloud.act(admin, (c) => behindNdpProxies(c, external?.id ?? ''));
  for (let n = 0; n < 3; n++) await perform(cloud, { what: 'createPort', n: [n, n + 1, 1, n] });
  for (const what of ['createTrunk', 'moveParent'] as const) await perform(cloud, { what, n: [1] });
  return cloud;
}

test('the objects that a host follows by its keys are those of a full rebuild, after any acts', async () => {
  const anAct = fc.record({
    what: fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[]), ...oftener),
    n: fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 }),
  });
  const done = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 20, maxLength: 40, size: 'max' }), async (sequence) => {
      const cloud = await startUp();
      try {
        const views = new Map<string, View>();
        const hostView = openHostView();
        for (const host of hosts) views.set(host, await rebuild(cloud, host));
        let since = await cloud.read((r) => r.head());
        for (const act of sequence) {
          if (!(await perform(cloud, act))) continue;
          done.set(act.what, (done.get(act.what) ?? 0) + 1);
          let head = since;
          for (const host of hosts) {
            const view = views.get(host) ?? new Map();
            head = await follow(hostView, cloud, view, host, since);
            assert.deepEqual(sorted(view), sorted(await rebuild(cloud, host)), `${host} after ${JSON.stringify(act)}`);
          }
          since = head;
        }
      } finally {
        await cloud.close();
      }
    }),
    { numRuns: Number(process.env.HOST_VIEW_RUNS ?? 20) },
  );
  const idle = Object.keys(acts).filter((what) => !done.has(what));
  assert.ok(idle.length < Object.keys(acts).length / 4, `nearly every act comes about: not ${idle}`);
});

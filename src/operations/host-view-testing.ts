/** For tests of the host view: random acts on the rows that are there. */
import {
  addressGroup,
  addressScope,
  bandwidthLimitRule,
  dscpMarkingRule,
  floatingip,
  localIp,
  localIpAssociation,
  meteringLabel,
  meteringLabelRule,
  ndpProxy,
  network,
  port,
  qosPolicy,
  router,
  securityGroupRule,
  subnetpool,
  trunk,
  trunkSubport,
} from '../model/index.ts';
import type { Record_, Row } from '../model/language.ts';
import type { Context, Operations } from './context.ts';
import { operations } from './index.ts';
import type { Cloud } from './router-testing.ts';

/** Does something to rows that are there. */
export type Doing = (c: Context, pick: Picks, cloud: Cloud) => Promise<unknown>;

/** Chooses by the numbers of an act, one after another. */
export class Picks {
  readonly #numbers: readonly number[];
  #next = 0;
  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }
  number(below: number): number {
    return (this.#numbers[this.#next++ % this.#numbers.length] ?? 0) % below;
  }
  one<T>(values: readonly T[]): T {
    const value = values[this.number(values.length)];
    if (value === undefined) throw new NothingThere();
    return value;
  }
  some<T>(values: readonly T[]): T[] {
    return values.filter(() => this.number(2) === 1);
  }
  async row<R extends Record_>(c: Context, record: R): Promise<Row<R>> {
    return this.one(await c.t.find(record));
  }
}

/** There is no row to act on yet. */
export class NothingThere extends Error {}

/** The operations on a resource. */
// biome-ignore lint/suspicious/noExplicitAny: acts are made of any resource.
export const of = (name: string) => operations[name] as Required<Operations<any>>;
/** Removes some row. */
export const remove =
  (record: Record_): Doing =>
  async (c, pick) =>
    of(record.name).remove(c, await pick.row(c, record));
/** Changes some row. */
export const update =
  (record: Record_, changes: (c: Context, pick: Picks) => Promise<object> | object): Doing =>
  async (c, pick) =>
    of(record.name).update(c, await pick.row(c, record), await changes(c, pick));

/** An address group, one that a rule refers to where there is one. */
export async function referredGroup(c: Context, pick: Picks): Promise<Row<typeof addressGroup>> {
  const rules = await c.t.find(securityGroupRule);
  const referred = rules.flatMap((row) => row.remote_address_group_id ?? []);
  return referred.length > 0 ? pick.one(await c.t.find(addressGroup, { id: referred })) : pick.row(c, addressGroup);
}

/** Adds an address to an address group, or takes it out. */
export function changeAddresses(
  c: Context,
  name: string,
  row: Row<typeof addressGroup>,
  address: string,
): Promise<unknown> {
  const perform = of('address_group').actions[name];
  if (!perform) throw new Error(`address groups have no action ${name}`);
  return perform(c, row, { addresses: [address] });
}

const policyOrNone = async (c: Context, pick: Picks) => pick.one([...(await c.t.find(qosPolicy)), { id: null }]).id;

/** Acts on local IPs, and on the ports that they lead to. */
export const localIpActs = {
  createLocalIp: async (c, pick) =>
    of('local_ip').create(c, {
      project_id: 'p-demo',
      ip_mode: pick.one(['translate', 'passthrough']),
      ...pick.one([
        { network_id: (await pick.row(c, network)).id },
        { local_port_id: pick.one(await c.t.find(port, { device_owner: 'compute:nova' })).id },
      ]),
    }),
  associateLocalIp: async (c, pick) => {
    const to = pick.one(await c.t.find(port, { device_owner: 'compute:nova' }));
    return of('port_association').create(c, { fixed_port_id: to.id }, await pick.row(c, localIp));
  },
  disassociateLocalIp: remove(localIpAssociation),
  moveLocalIpPort: async (c, pick) => {
    const led = (await c.t.find(localIpAssociation)).map((row) => row.fixed_port_id);
    const row = pick.one(await c.t.find(port, { id: led }));
    return of('port').update(c, row, { 'binding:host_id': pick.one(['', 'alpha', 'beta']) });
  },
  removeLocalIp: remove(localIp),
} satisfies Record<string, Doing>;

/** Acts on QoS policies, their rules, and what has them. */
export const qosActs = {
  createPolicy: (c, pick) => of('policy').create(c, { name: `policy ${pick.number(9)}`, project_id: 'p-demo' }),
  limitPolicy: async (c, pick) =>
    of('bandwidth_limit_rule').create(
      c,
      { max_kbps: 1000 * pick.number(9), max_burst_kbps: 0, direction: pick.one(['ingress', 'egress']) },
      await pick.row(c, qosPolicy),
    ),
  markPolicy: async (c, pick) =>
    of('dscp_marking_rule').create(c, { dscp_mark: pick.one([8, 26]) }, await pick.row(c, qosPolicy)),
  changeLimit: update(bandwidthLimitRule, (_c, pick) => ({ max_kbps: 1000 * pick.number(9) })),
  removeLimit: remove(bandwidthLimitRule),
  removeMark: remove(dscpMarkingRule),
  givePolicyToPort: update(port, async (c, pick) => ({ qos_policy_id: await policyOrNone(c, pick) })),
  givePolicyToNetwork: update(network, async (c, pick) => ({ qos_policy_id: await policyOrNone(c, pick) })),
  givePolicyToFloatingIp: update(floatingip, async (c, pick) => ({ qos_policy_id: await policyOrNone(c, pick) })),
  givePolicyToGateway: async (c, pick) => {
    const row = await pick.row(c, router);
    if (!row.external_gateway_info) throw new NothingThere();
    const { network_id } = row.external_gateway_info;
    const external_gateway_info = { network_id, qos_policy_id: await policyOrNone(c, pick) };
    return of('router').update(c, row, { external_gateway_info });
  },
  removePolicy: remove(qosPolicy),
} satisfies Record<string, Doing>;

/** A network that stands behind a router which answers for its addresses outside, from one pool of a scope. */
export async function behindNdpProxies(c: Context, externalId: string): Promise<void> {
  const { id: address_scope_id } = await of('address_scope').create(c, { name: 'six', ip_version: 6 });
  const pool = { name: 'six', prefixes: ['2001:db8::/48'], default_prefixlen: '64', address_scope_id };
  const { id: subnetpool_id } = await of('subnetpool').create(c, pool);
  const { id: network_id } = await of('network').create(c, { project_id: 'p-demo' });
  const six = { ip_version: 6, subnetpool_id };
  await of('subnet').create(c, { network_id: externalId, ...six, cidr: '2001:db8:0:1::/64' });
  const { id: subnet_id } = await of('subnet').create(c, { network_id, ...six, cidr: '2001:db8:0:2::/64' });
  const external_gateway_info = { network_id: externalId };
  const made = await of('router').create(c, { external_gateway_info, enable_ndp_proxy: true });
  await of('router').actions.add_router_interface?.(c, made, { subnet_id });
  for (const host of ['alpha', ''])
    await of('port').create(c, {
      project_id: 'p-demo',
      network_id,
      'binding:host_id': host,
      device_owner: 'compute:nova',
    });
}

async function proxiedPort(c: Context, pick: Picks): Promise<Row<typeof port>> {
  return pick.one(await c.t.find(port, { id: (await c.t.find(ndpProxy)).map((row) => row.port_id) }));
}

/** Acts on NDP proxies, and on what they stand on. */
export const ndpActs = {
  createNdpProxy: async (c, pick) => {
    const on = pick.one(await c.t.find(router, { enable_ndp_proxy: true }));
    const legs = await c.t.find(port, { device_id: on.id, device_owner: 'network:router_interface' });
    const networks = legs.map((row) => row.network_id);
    const port_id = pick.one(await c.t.find(port, { network_id: networks, device_owner: 'compute:nova' })).id;
    return of('ndp_proxy').create(c, { router_id: on.id, port_id });
  },
  renameNdpProxy: update(ndpProxy, () => ({ name: 'other' })),
  removeNdpProxy: remove(ndpProxy),
  switchNdpProxy: update(router, (_c, pick) => ({ enable_ndp_proxy: pick.number(2) === 1 })),
  readdressProxiedPort: async (c, pick) =>
    of('port').update(c, await proxiedPort(c, pick), {
      fixed_ips: pick.one([[], [{ ip_address: '2001:db8:0:2::77' }]]),
    }),
  returnProxiedAddress: async (c, pick) => {
    const { port_id, ip_address } = await pick.row(c, ndpProxy);
    const row = pick.one(await c.t.find(port, { id: port_id }));
    return of('port').update(c, row, { fixed_ips: [{ ip_address }] });
  },
  removeProxiedPort: async (c, pick) => of('port').remove(c, await proxiedPort(c, pick)),
  changeScope: update(subnetpool, async (c, pick) => ({
    address_scope_id: pick.one([...(await c.t.find(addressScope)), { id: null }]).id,
  })),
} satisfies Record<string, Doing>;

/** A port that no one has yet, on some network, or one that is there. */
async function portFor(c: Context, pick: Picks): Promise<Row<typeof port>> {
  if (pick.number(4) === 0) return pick.row(c, port);
  return of('port').create(c, { project_id: 'p-demo', network_id: (await pick.row(c, network)).id });
}

const subportFor = async (c: Context, pick: Picks) => ({
  port_id: (await portFor(c, pick)).id,
  segmentation_type: 'vlan',
  segmentation_id: 1 + pick.number(99),
});

async function parentOf(c: Context, pick: Picks): Promise<Row<typeof port>> {
  const parent = await c.t.get(port, (await pick.row(c, trunk)).port_id);
  if (!parent) throw new NothingThere();
  return parent;
}

/** Acts on trunks and their subports. */
export const trunkActs = {
  createTrunk: async (c, pick) => {
    const { id: port_id } = await portFor(c, pick);
    const sub_ports = pick.some([await subportFor(c, pick)]);
    return of('trunk').create(c, { project_id: 'p-demo', port_id, sub_ports });
  },
  addSubport: async (c, pick) => {
    const row = await pick.row(c, trunk);
    return of('trunk').actions.add_subports?.(c, row, { sub_ports: [await subportFor(c, pick)] });
  },
  removeSubport: async (c, pick) => {
    const sub = await pick.row(c, trunkSubport);
    const row = await c.t.get(trunk, sub.trunk_id);
    return row && of('trunk').actions.remove_subports?.(c, row, { sub_ports: [{ port_id: sub.port_id }] });
  },
  moveParent: async (c, pick) => {
    const host = pick.one(['', 'alpha', 'alpha', 'beta', 'beta', 'gamma']);
    const owner = pick.one(['compute:nova', 'compute:nova', 'network:local']);
    return of('port').update(c, await parentOf(c, pick), { 'binding:host_id': host, device_owner: owner });
  },
  changeParent: async (c, pick) => {
    const mac_address = `fa:16:3e:77:00:${String(10 + pick.number(90))}`;
    const change = pick.one([{ device_owner: 'network:local' }, { device_owner: 'compute:nova' }, { mac_address }]);
    return of('port').update(c, await parentOf(c, pick), change);
  },
  migrateParent: async (c, pick) => {
    const parent = await parentOf(c, pick);
    const binding = await of('binding').create(c, { host: pick.one(['alpha', 'beta', 'gamma']) }, parent);
    return of('binding').actions.activate?.(c, binding, {});
  },
  removeTrunk: remove(trunk),
} satisfies Record<string, Doing>;

/** What is done to metering labels and their rules. */
export const meteringActs = {
  createLabel: (c, pick) =>
    of('metering_label').create(c, { project_id: pick.one(['p-demo', 'p-admin']), shared: pick.number(2) === 1 }),
  removeLabel: remove(meteringLabel),
  createMeteringRule: async (c, pick) =>
    of('metering_label_rule').create(c, {
      metering_label_id: (await pick.row(c, meteringLabel)).id,
      direction: pick.one(['ingress', 'egress']),
      excluded: pick.number(3) === 0,
      ...pick.one([
        { remote_ip_prefix: `10.0.${pick.number(4)}.0/24` },
        { source_ip_prefix: '0.0.0.0/0', destination_ip_prefix: '10.0.0.7/24' },
        { destination_ip_prefix: 'fd00::/8' },
      ]),
    }),
  removeMeteringRule: remove(meteringLabelRule),
} satisfies Record<string, Doing>;

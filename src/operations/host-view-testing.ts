/** For tests of the host view: random acts on the rows that are there. */
import {
  bandwidthLimitRule,
  dscpMarkingRule,
  floatingip,
  localIp,
  localIpAssociation,
  network,
  port,
  qosPolicy,
  router,
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
